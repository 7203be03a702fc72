import type { Cancel } from '../../../../schemas/time/clock.ts';
import type { Timers } from './timers.ts';

interface HeartbeatDeps {
  clock: Timers;
  beat: () => void;
  /** Called when nothing came from the hub for heartbeatSec + graceSec: no reply, no other frame, no ping. */
  hubSilent: () => void;
}

/** The hub suspects a device that is even slightly late, so heartbeats leave before they are due. */
const early = 0.8;
/** However short the hub wants them. */
const shortestMs = 100;

/**
 * Reports regularly that the application is alive, and notices when the hub is not: TCP alone may take a quarter of
 * an hour to detect that the other end is gone.
 */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  #cancelBeat: Cancel | undefined;
  #cancelWatch: Cancel | undefined;
  #heardAtMs = 0;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
  }

  start(heartbeatSec: number, graceSec: number): void {
    this.stop();
    this.heard();
    this.#cancelBeat = this.#deps.clock.every(
      Math.max(shortestMs, heartbeatSec * 1000 * early),
      this.#deps.beat,
    );
    this.#watch(Math.max(2 * shortestMs, (heartbeatSec + graceSec) * 1000));
  }

  /** The hub has shown a sign of life. */
  heard(): void {
    this.#heardAtMs = this.#deps.clock.monotonic();
  }

  stop(): void {
    this.#cancelBeat?.();
    this.#cancelWatch?.();
  }

  /** One timer, which is set again only when it fires and not at every frame. */
  #watch(silenceMs: number): void {
    const { clock, hubSilent } = this.#deps;
    const leftMs = this.#heardAtMs + silenceMs - clock.monotonic();
    if (leftMs <= 0) hubSilent();
    else this.#cancelWatch = clock.after(leftMs, () => this.#watch(silenceMs));
  }
}
