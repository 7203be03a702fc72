import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { messageOf } from './errors.ts';
import type { Log } from './log.ts';

const lookEveryMs = 1_000;
/** A process at its limit gets one now and then, so that one success proves little. */
const successesToRecover = 10;
/** EMFILE: the limit of this process; ENFILE: that of the machine (open(2)). */
const exhausted = /^E[MN]FILE$/;

/**
 * Notices when the process has no file descriptor left. The runtime then closes new connections without a word to anybody,
 * so the log and `/readyz` would otherwise say that all is well.
 */
export class DescriptorWatch {
  readonly #deps: { clock: Clock; log: Log; open: () => Promise<void> };
  #stop: Cancel = () => {};
  #successes = successesToRecover;

  /** @param deps `open`: takes a descriptor and gives it back */
  constructor(deps: { clock: Clock; log: Log; open: () => Promise<void> }) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.clock.every(lookEveryMs, () => void this.look());
  }

  close(): void {
    this.#stop();
  }

  /** What `/readyz` says. */
  get fault(): string | undefined {
    return this.#successes < successesToRecover
      ? 'no file descriptor is left: new connections are closed; raise the limit of open files (ulimit -n, LimitNOFILE)'
      : undefined;
  }

  async look(): Promise<void> {
    const { open, log } = this.#deps;
    try {
      await open();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && exhausted.test(String(error.code)))) return;
      const known = this.fault !== undefined;
      this.#successes = 0;
      if (!known) log.error({ reason: messageOf(error) }, this.fault ?? '');
      return;
    }
    if (this.fault === undefined) return;
    this.#successes += 1;
    if (this.fault === undefined) log.info('file descriptors are available again');
  }
}
