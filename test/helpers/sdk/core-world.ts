import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DeviceFrame } from '../../../schemas/index.ts';
import { HubCore, type Ending, type Settlement } from '../../../sdk/typescript/src/node.ts';
import { seededRandom } from '../../../device-sim/device/random.ts';
import { RamStore, UnsureMemory } from './ram-store.ts';
import { frameOf, messageOf, welcomeFrame } from './played-link.ts';

/** The core of the SDK between a hub, a link, a disk and a clock that do whatever they like. */

const window = 3;

const batch = 2;

/** Longer than any wait of a device: an hour, and the longest backoff. */
const longMs = 3_700_000;

type Data = { n: number };

/** A memory that takes its time; frames in CBOR. */
type Way = { isSlow: boolean; cbor: boolean };

export const ways = fc.record<Way>({ isSlow: fc.boolean(), cbor: fc.boolean() });

interface InFlight {
  readings: number[];
  /** Those that a nack named. */
  nacked: Set<number>;
}

/** A device over several boots, and what the hub and the world saw of it. */
export class World {
  readonly store = new RamStore();
  readonly memory: UnsureMemory;
  readonly random = seededRandom('core');
  core: HubCore;
  up = 0;
  #boot = 0;
  #link = 0;
  phase: 'none' | 'connecting' | 'greeted' | 'open' = 'none';
  readonly measured: { n: number; kinds: Settlement[]; kept: boolean; isGone: boolean; boot: string }[] = [];
  readonly stored = new Set<number>();
  readonly refused = new Set<number>();
  readonly runs = new Map<string, number>();
  #flight = new Map<number, InFlight>();
  /** That of the link. */
  #secret = 'first';
  /** What the hub takes: a new one from its first session on alone. */
  #valid = new Set(['first']);

  readonly #way: Way;

  constructor(way: Way) {
    this.#way = way;
    this.memory = new UnsureMemory(way.isSlow);
    this.core = this.#begin();
  }

  #begin(): HubCore {
    this.#boot += 1;
    this.up = this.#boot;
    const core: HubCore = new HubCore(
      {
        id: 'd-1',
        boot: `b-${this.#boot}`,
        secret: 'first',
        type: 'env-sensor@1',
        cbor: this.#way.cbor,
        store: this.store,
        memory: this.memory,
        random: this.random,
        emit: () => undefined,
        changed: () => {
          if (core === this.core) queueMicrotask(() => this.turn());
        },
      },
      this.up,
    );
    for (const name of ['look', 'fail'])
      core.onCommand(name, async ({ id }) => {
        this.runs.set(id, (this.runs.get(id) ?? 0) + 1);
        await settle();
        if (name === 'fail') throw new Error('it cannot');
        return { status: 'succeeded', output: { id } };
      });
    core.onDesired((state) => {
      core.reported(this.up, state);
      return [];
    });
    core.wake(this.up);
    return core;
  }

  /** As a port: steps, follows the wish for a link, and carries what there is to send to the hub. */
  turn(): void {
    assert.ok(this.core.step(this.up) >= 0);
    const wanted = this.core.wantsLink;
    if (wanted !== this.#link) {
      this.#link = wanted;
      this.#flight = new Map();
      this.#secret = this.core.secret;
      this.phase = wanted === 0 ? 'none' : 'connecting';
    }
    const output = this.core.output();
    this.core.sent(output.length);
    for (const message of output) this.#heard(frameOf(message));
  }

  measure(n: number): void {
    const full = this.store.isFull;
    const entry = { n, kinds: [] as Settlement[], kept: !full, isGone: false, boot: this.core.boot };
    this.measured.push(entry);
    const settled = this.core.measure(this.up, { kind: 'reading', stream: 'env' }, { n });
    void settled.then((settlement) => entry.kinds.push(settlement));
  }

  open(): void {
    if (this.phase !== 'connecting') return;
    this.core.opened(this.up);
    this.turn();
  }

  say(frame: object | string): void {
    if (this.phase === 'none' || this.phase === 'connecting') return;
    this.core.take(this.up, messageOf(frame, this.#way.cbor));
    this.turn();
  }

  welcome(): void {
    if (this.phase !== 'greeted') return;
    if (!this.#valid.has(this.#secret)) return this.lose({ kind: 'refused', status: 401 });
    this.#valid = new Set([this.#secret]);
    this.phase = 'open';
    const limits = { frameBytes: 65_536, samples: batch, inFlight: window, messagesPerSec: 1_000 };
    this.say({ ...welcomeFrame(1_000_000 + this.up, this.up), limits });
    return undefined;
  }

  offer(secret: string): void {
    if (this.phase !== 'open') return;
    this.#valid = new Set([this.#secret, secret]);
    this.say({ type: 'credential', id: 'c', secret });
  }

  /** After any wait there is: a session, if there is none. */
  comeBack(): void {
    this.up += longMs;
    this.turn();
    this.open();
    this.welcome();
  }

  ack(share: number): void {
    const seqs = [...this.#flight.keys()];
    const upTo = seqs[Math.ceil(seqs.length * share) - 1];
    if (upTo === undefined) return;
    for (const [seq, { readings, nacked }] of this.#flight) {
      if (seq > upTo) continue;
      for (const n of readings) if (!nacked.has(n)) this.stored.add(n);
      this.#flight.delete(seq);
    }
    this.say({ type: 'ack', upTo });
  }

  nack(retry: boolean, part: boolean, code: string): void {
    const [seq, frame] = [...this.#flight][0] ?? [];
    if (seq === undefined || frame === undefined) return;
    const indexes = frame.readings.map((_, index) => index).filter((index) => !part || index % 2 === 0);
    for (const index of indexes) {
      const n = frame.readings[index] ?? -1;
      if (frame.nacked.has(n)) continue;
      frame.nacked.add(n);
      // A batch that is too large comes back in halves.
      const comesBack = retry || (code === 'too-large' && !part && frame.readings.length > 1);
      if (!comesBack) this.refused.add(n);
    }
    const rejectedSamples = part && frame.readings.length > 1 ? { rejectedSamples: indexes } : {};
    if (!part) for (const n of frame.readings) frame.nacked.add(n);
    const given = { type: 'nack', seq, code: retry ? 'overloaded' : code, retry, retryAfterMs: 10 };
    this.say({ ...given, ...rejectedSamples });
  }

  lose(ending: Ending): void {
    if (this.phase === 'none') return;
    this.core.closed(this.up, ending);
    this.turn();
  }

  reboot(): void {
    // What the store did not take was said to be in danger.
    for (const entry of this.measured) if (!entry.kept) entry.isGone = true;
    this.memory.cutPower();
    const old = this.core;
    this.core = this.#begin();
    this.#link = 0;
    this.phase = 'none';
    // The power was cut: the old boot does nothing any more.
    old.end(0);
    this.turn();
  }

  #heard(frame: DeviceFrame): void {
    if (frame.type === 'hello') {
      assert.equal(this.phase, 'connecting');
      this.phase = 'greeted';
    }
    if (frame.type !== 'telemetry') return;
    assert.equal(this.phase, 'open');
    const samples = frame.samples ?? [frame];
    const readings = samples.map(({ data }) => (data as Data).n);
    for (const { n, boot } of this.measured)
      if (readings.includes(n)) assert.equal(frame.boot ?? this.core.boot, boot, 'the boot of its uptime');
    this.#flight.set(frame.seq, { readings, nacked: new Set() });
    const open = [...this.#flight.values()].filter(({ readings: all, nacked }) =>
      all.some((n) => !nacked.has(n)),
    );
    assert.ok(open.length <= window, 'more frames than the window has');
  }
}

/** Lets promises run: handlers of commands, and memories that are slow. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
