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

/** Cuts to `width` characters, the last of them an ellipsis. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(width - 1, 0)).join("")}…`;
}

/** Breaks into lines of at most `width` characters, at spaces where there are any. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((word) => pieces(word, width))) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return line === "" ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const characters = [...word];
  const parts: string[] = [];
  for (let at = 0; at < characters.length; at += width) parts.push(characters.slice(at, at + width).join(""));
  return parts;
}
