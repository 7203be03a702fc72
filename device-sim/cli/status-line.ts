import { terminalText } from '../../schemas/terminal-text.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';

/** Where text is written: stdout, stderr, or a test's own output. */
export interface Output {
  write(text: string): void;
  isTTY?: boolean;
  columns?: number;
}

export interface StatusLine {
  /** Writes text above the status, which stays at the bottom of a terminal. */
  say(text: string): void;
  /** Removes the status; nothing is written afterwards. */
  close(): void;
}

/**
 * A live status. On a terminal it is redrawn in place four times a second. Anywhere else (a log, a pipe) cursor
 * movements would be noise, so it is one line every `plainEveryMs`.
 * @param text called for each drawing; may return several lines on a terminal
 */
export function startStatusLine(
  output: Output,
  text: () => string,
  { clock, plainEveryMs }: { clock: Clock; plainEveryMs: number },
): StatusLine {
  if (output.isTTY !== true) {
    const cancelPlain = clock.every(plainEveryMs, () =>
      output.write(terminalText(`${text().replaceAll('\n', ' · ')}\n`)),
    );
    return { say: (line) => output.write(terminalText(`${line}\n`)), close: cancelPlain };
  }
  let drawnLines = 0;
  const wipe = (): void => {
    // Moves up to the first line of the status, then erases everything below the cursor (ECMA-48 CUU, ED).
    if (drawnLines > 0) output.write(`${drawnLines > 1 ? `\x1b[${drawnLines - 1}A` : ''}\r\x1b[J`);
    drawnLines = 0;
  };
  const draw = (): void => {
    wipe();
    // A line that wraps would occupy two.
    const lines = terminalText(text())
      .split('\n')
      .map((line) => line.slice(0, widthOf(output) - 1));
    output.write(lines.join('\n'));
    drawnLines = lines.length;
  };
  const cancelDraw: Cancel = clock.every(250, draw);
  return {
    say(line) {
      wipe();
      output.write(terminalText(`${line}\n`));
      draw();
    },
    close() {
      cancelDraw();
      wipe();
    },
  };
}

/** A terminal that does not know its width says 0. */
function widthOf({ columns = 0 }: { columns?: number }): number {
  return columns > 0 ? columns : 80;
}
