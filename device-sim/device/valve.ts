import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { CommandCall, CommandOutcome } from '../../sdk/typescript/src/node.ts';

/** How fast it opens or closes, % per second. */
const percentPerSec = 10;
const stepMs = 1000;

type MoveReason = 'set-position' | 'close';

export interface Valve {
  position(): number;
  mode(): 'automatic' | 'manual';
  /**
   * Moves and reports its progress every second, until it has reached the position. A close stops any other move,
   * which then fails; while the valve closes, no other move can start.
   */
  moveTo(percent: number, reason: MoveReason, progress: CommandCall['progress']): Promise<CommandOutcome>;
  /** Stops where it is and returns to automatic mode. */
  reset(): void;
}

/** The moving part of a simulated valve. */
export function createValve({ clock, startPosition }: { clock: Clock; startPosition: number }): Valve {
  let position = startPosition;
  let mode: 'automatic' | 'manual' = 'automatic';
  let move: { reason: MoveReason; cancel: Cancel; stop: (why: string) => void } | undefined;

  const moveTo: Valve['moveTo'] = (percent, reason, progress) => {
    if (move?.reason === 'close' && reason !== 'close') {
      return Promise.resolve({ status: 'rejected', error: 'the valve is closing' });
    }
    move?.stop(`stopped by ${reason}`);
    mode = 'manual';
    const from = position;
    return new Promise((resolve) => {
      const end = (outcome: CommandOutcome): void => {
        move = undefined;
        resolve(outcome);
      };
      const step = (): void => {
        const left = percent - position;
        position += Math.sign(left) * Math.min(Math.abs(left), (percentPerSec * stepMs) / 1000);
        if (position === percent) {
          end({ status: 'succeeded', output: { position } });
          return;
        }
        progress(Math.round((100 * (position - from)) / (percent - from)), `at ${position} %`);
        if (move !== undefined) move.cancel = clock.after(stepMs, step);
      };
      move = {
        reason,
        cancel: clock.after(percent === position ? 0 : stepMs, step),
        stop(why) {
          move?.cancel();
          end({ status: 'failed', error: `${why} at ${position} %` });
        },
      };
    });
  };

  return {
    position: () => position,
    mode: () => mode,
    moveTo,
    reset() {
      move?.stop('stopped by factory-reset');
      mode = 'automatic';
    },
  };
}
