import { styleText } from "node:util";

/** A story in its two parts. */
export interface Play {
  tell(say: (line: string) => void): Promise<void>;
  showLedger(): Promise<void>;
}

/**
 * Plays a story and tells of what stopped it. Once `stopping` is aborted nothing more is said or begun: the
 * next line ends the telling, and what fails then is no news.
 */
export async function playStory(
  play: Play,
  say: (line: string) => void,
  stopping: AbortSignal,
): Promise<void> {
  try {
    await play.tell((line) => {
      stopping.throwIfAborted();
      say(line);
    });
    stopping.throwIfAborted();
    say(`\n${styleText("bold", "The ledger of it")}`);
    await play.showLedger();
  } catch (error) {
    if (stopping.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    say(styleText("red", `\nThe story stopped: ${reason}`));
  }
}
