const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
// JSON.stringify has escaped the other control characters and lone surrogates
const invisibleInJson = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Makes control, format and direction characters visible, so that a text from elsewhere can neither steer
 * the terminal nor pass for another text.
 */
export function neutralize(text: string): string {
  return text.replace(invisible, (character) => {
    const hex = (character.codePointAt(0) ?? 0).toString(16);
    return `\\u{${hex}}`;
  });
}

/** JSON that is safe on a terminal: the same value, with such characters escaped. */
export function safeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(invisibleInJson, (character) =>
    Array.from({ length: character.length }, (_, index) => {
      return `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    }).join(""),
  );
}

/** Takes out whatever has the shape of a JSON Web Token, or follows the word Bearer. */
export function withoutTokens(text: string): string {
  return text
    .replace(/eyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)*/g, "[token]")
    .replace(/\b(Bearer) +[A-Za-z0-9._~+/-]{8,}=*/gi, "$1 [token]");
}

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const ascii = /^[\x20-\x7e]*$/;
// East Asian Wide and Fullwidth (Unicode UAX 11), and what is shown as an emoji
const wide =
  /^(?:\p{Emoji_Presentation}|.\ufe0f|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u;

/** Columns of a terminal that a text takes. */
export function columnsOf(text: string): number {
  if (ascii.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += columnsOfOne(segment);
  return columns;
}

/** Cuts to `width` columns, the last of them an ellipsis. */
export function cut(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  const [kept = ""] = pieces(text, width - 1);
  return columnsOf(kept) < width ? `${kept}…` : "…";
}

/** Breaks into lines of at most `width` columns, at spaces where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let room = 0;
  for (const word of text.split(" ").flatMap((word) => [...pieces(word, width)])) {
    const columns = columnsOf(word);
    if (columns < room) {
      lines.push(`${lines.pop()} ${word}`);
      room -= columns + 1;
    } else {
      lines.push(word);
      room = width - columns;
    }
  }
  return lines;
}

/** Parts of at most `width` columns, broken between characters; one that is wider by itself stands alone. */
function* pieces(word: string, width: number): Generator<string, undefined> {
  let piece = "";
  let columns = 0;
  for (const { segment } of graphemes.segment(word)) {
    const more = columnsOfOne(segment);
    if (columns + more > width && piece !== "") {
      yield piece;
      piece = "";
      columns = 0;
    }
    piece += segment;
    columns += more;
  }
  if (piece !== "") yield piece;
}

function columnsOfOne(character: string): number {
  if (wide.test(character)) return 2;
  return /^\p{M}+$/u.test(character) ? 0 : 1;
}
