import type { Liveness, Watch } from './liveness.ts';
import type { LinkTiming, WatchedLink } from './watched-link.ts';

/** What is watched of a device: its session, its link or its absence, one at a time. */
export interface Watched {
  watch?: Watch | undefined;
  link?: WatchedLink | undefined;
}

/** What a watch of an open session reports. */
export interface LinkEvents {
  /** Nothing for a heartbeat. */
  late(): void;
  /** Nothing for heartbeat + grace. @param linkAlive its stack still answers pings */
  silent(linkAlive: boolean): void;
}

/** Something for which devices could not connect. That time never counts as their silence. */
export interface TurnedAway {
  /** For how long, all in all, ms. */
  readonly turnedAwayMs: number;
}

export interface DeviceWatchesDeps {
  liveness: Liveness;
  turnedAway: readonly TurnedAway[];
}

/** The deadlines by which devices have to be heard. */
export class DeviceWatches {
  readonly #deps: DeviceWatchesDeps;

  constructor(deps: DeviceWatchesDeps) {
    this.#deps = deps;
  }

  end(device: Watched): void {
    if (device.watch !== undefined) this.#deps.liveness.unwatch(device.watch);
    device.watch = undefined;
  }

  /** How much of the allowed silence of the session is left, ms; undefined: nothing is watched any more. */
  leftMs({ watch }: Watched): number | undefined {
    if (watch === undefined || watch.expired) return undefined;
    return watch.heardAt + watch.options.allowedMs - this.#deps.liveness.now;
  }

  /** Waits for a device without a session; the time in which the hub turned devices away does not count. */
  away(device: Watched, allowedMs: number, expired: () => void): void {
    this.end(device);
    const { liveness } = this.#deps;
    const before = this.#turnedAwayMs();
    device.watch = liveness.watch({
      allowedMs,
      expired: () => {
        const pausedMs = this.#turnedAwayMs() - before;
        if (pausedMs > 0) this.away(device, pausedMs, expired);
        else expired();
      },
    });
  }

  #turnedAwayMs(): number {
    return this.#deps.turnedAway.reduce((sum, { turnedAwayMs }) => sum + turnedAwayMs, 0);
  }

  /**
   * Watches an open session. After the heartbeat the device is suspect, and the hub pings its link. After heartbeat +
   * grace it is offline: `no-heartbeat` if its stack still answered; otherwise `link-lost`, and the socket is closed.
   */
  link(device: Watched, link: WatchedLink, timing: LinkTiming, events: LinkEvents): Watch {
    this.end(device);
    let askedAt = 0;
    const watch = this.#deps.liveness.watch({
      quietMs: timing.heartbeatMs,
      quiet: () => {
        askedAt = this.#deps.liveness.now;
        events.late();
        link.outbox.ping();
      },
      allowedMs: timing.heartbeatMs + timing.graceMs,
      expired: () => {
        const linkAlive = device.link === link && link.pongAt >= askedAt;
        events.silent(linkAlive);
        if (linkAlive) this.#watchHungLink(device, link, timing);
        else link.silent();
      },
    });
    device.watch = watch;
    return watch;
  }

  /** The application hangs while its stack answers pings. A link that dies later must be found too. */
  #watchHungLink(device: Watched, link: WatchedLink, timing: LinkTiming): void {
    this.end(device);
    const { liveness } = this.#deps;
    const before = liveness.now;
    link.outbox.ping();
    device.watch = liveness.watch({
      allowedMs: timing.heartbeatMs + timing.graceMs,
      expired: () => {
        if (device.link === link && link.pongAt >= before) this.#watchHungLink(device, link, timing);
        else link.silent();
      },
    });
  }
}
