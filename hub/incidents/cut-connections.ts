import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Log } from '../kernel/log.ts';

interface Deps {
  clock: Clock;
  log: Log;
  /** Connections that one network may hold. */
  limit: number;
  /** The first of its connections is cut, or none has been for a while. */
  changed: (network: string, raised: boolean) => void;
}

const reportMs = 60_000;
/** So long without a cut, and it is over, ms. */
const quietMs = 5 * 60_000;
/** Networks watched at a time; those beyond are only counted by the listener. */
const maxNetworks = 100;

/** Networks whose connections the hub cuts because they hold too many: one log line a minute each, and one incident. */
export class CutConnections {
  readonly #deps: Deps;
  #stop: Cancel | undefined;
  /** Network → cuts since the last log line, and the time of the last one, monotonic ms. */
  readonly #networks = new Map<string, { cuts: number; lastMs: number }>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop ??= this.#deps.clock.every(reportMs, () => this.#report());
  }

  /** Those of an incident that an earlier hub left open. */
  resume(networks: readonly string[]): void {
    const lastMs = this.#deps.clock.monotonic();
    for (const network of networks) this.#networks.set(network, { cuts: 0, lastMs });
  }

  /** A connection of this network was cut. */
  note(network: string): void {
    const lastMs = this.#deps.clock.monotonic();
    const known = this.#networks.get(network);
    if (known !== undefined) {
      known.cuts += 1;
      known.lastMs = lastMs;
    } else if (this.#networks.size < maxNetworks) {
      this.#networks.set(network, { cuts: 0, lastMs });
      this.#log(network, 1);
      this.#deps.changed(network, true);
    }
  }

  /** What it is doing now, in a sentence; undefined: nothing. */
  get text(): string | undefined {
    const networks = [...this.#networks.keys()];
    if (networks.length === 0) return undefined;
    const named = networks.slice(0, 3).join(', ');
    return (
      `The hub is cutting new connections from ${named}, because the limit of ${this.#deps.limit} connections from one ` +
      'address (HUB_MAX_SOCKETS_PER_ADDRESS) is reached there: a device behind such an address cannot connect.'
    );
  }

  close(): void {
    this.#stop?.();
  }

  #report(): void {
    const nowMs = this.#deps.clock.monotonic();
    for (const [network, entry] of this.#networks) {
      if (entry.cuts > 0) this.#log(network, entry.cuts);
      entry.cuts = 0;
      if (nowMs - entry.lastMs < quietMs) continue;
      this.#networks.delete(network);
      this.#deps.changed(network, false);
    }
  }

  #log(network: string, cuts: number): void {
    const { log, limit } = this.#deps;
    log.warn({ network, cuts, limit }, 'connections are cut: their address holds as many as one may');
  }
}
