import type { Cancel, Clock } from '../clock.ts';

/** Where text goes: stdout, stderr, or a test's own. */
export interface Output {
  write(text: string): void;
  isTTY?: boolean;
  columns?: number;
}

export interface StatusLine {
  /** Text above the status, which stays below it on a terminal. */
  say(text: string): void;
  /** Takes the status away; nothing is written after it. */
  close(): void;
}

/**
 * A status that is always the newest: redrawn in place four times a second on a terminal, a line every
 * `plainEveryMs` anywhere else (a log, a pipe), where cursor movements would be noise.
 * @param text asked for at each drawing; may have several lines on a terminal
 */
export function startStatusLine(
  output: Output,
  text: () => string,
  { clock, plainEveryMs }: { clock: Clock; plainEveryMs: number },
): StatusLine {
  if (output.isTTY !== true) {
    const cancelPlain = clock.every(plainEveryMs, () => output.write(`${text().replaceAll('\n', ' · ')}\n`));
    return { say: (line) => output.write(`${line}\n`), close: cancelPlain };
  }
  let drawnLines = 0;
  const wipe = (): void => {
    // Up to the first line of the status, then everything below the cursor away (ECMA-48 CUU, ED).
    if (drawnLines > 0) output.write(`${drawnLines > 1 ? `\x1b[${drawnLines - 1}A` : ''}\r\x1b[J`);
    drawnLines = 0;
  };
  const draw = (): void => {
    wipe();
    // A line that wraps would count as two.
    const lines = text()
      .split('\n')
      .map((line) => line.slice(0, (output.columns ?? 80) - 1));
    output.write(lines.join('\n'));
    drawnLines = lines.length;
  };
  const cancelDraw: Cancel = clock.every(250, draw);
  return {
    say(line) {
      wipe();
      output.write(`${line}\n`);
      draw();
    },
    close() {
      cancelDraw();
      wipe();
    },
  };
}
