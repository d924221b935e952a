import { styleText } from "node:util";

/** A story in its two parts. */
export interface Play {
  tell(say: (line: string) => void): Promise<void>;
  showLedger(): Promise<void>;
}

/**
 * Plays a story and tells of what stopped it. Once `stopping` is aborted nothing more is said or begun: what
 * fails then fails because the runtime goes away.
 */
export async function playStory(
  play: Play,
  say: (line: string) => void,
  stopping: AbortSignal,
): Promise<void> {
  const sayUntilStopped = (line: string): void => {
    if (!stopping.aborted) say(line);
  };
  try {
    await play.tell(sayUntilStopped);
    if (stopping.aborted) return;
    say(`\n${styleText("bold", "The ledger of it")}`);
    await play.showLedger();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    sayUntilStopped(styleText("red", `\nThe story stopped: ${reason}`));
  }
}
