import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HubFrame, ResultFrame } from '../../../schemas/index.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { createCommandStore } from '../../../hub/adapters/sqlite/sqlite-command-store.ts';
import { FakeSession, startCommandHub, startServed, type CommandHub } from '../../helpers/hubs/dispatcher.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A device that keeps the rules of the protocol, at the end of a link that drops what is on its way when cut. */
class SimulatedDevice {
  readonly persists: boolean;
  /** How often each command was carried out, and how that ended: the truth. */
  readonly journal = new Map<string, { times: number; status: 'succeeded' | 'failed'; late: boolean }>();
  readonly #clock: ManualClock;
  readonly #random: () => number;
  #memory = new Map<string, ResultFrame>();
  #refused = new Set<string>();
  #unacked = new Set<string>();
  #toHub: ResultFrame[] = [];
  #read = 0;
  #boot = 1;
  #epoch = 0;
  #session: FakeSession | undefined;

  constructor(clock: ManualClock, random: () => number, persists: boolean) {
    this.#clock = clock;
    this.#random = random;
    this.persists = persists;
  }

  connect(hub: CommandHub): void {
    this.cut(hub);
    this.#session = new FakeSession('d-1', {
      epoch: ++this.#epoch,
      boot: `boot-${this.#boot}`,
      persists: this.persists,
    });
    this.#read = 0;
    hub.dispatcher.sessionOpened(this.#session);
    for (const id of this.#unacked) this.#answer(id);
  }

  cut(hub: CommandHub): void {
    if (this.#session !== undefined) hub.dispatcher.sessionClosed(this.#session);
    this.#session = undefined;
    this.#toHub = [];
  }

  reboot(hub: CommandHub): void {
    this.cut(hub);
    this.#boot++;
    if (this.persists) return;
    this.#memory = new Map();
    this.#refused = new Set();
    this.#unacked = new Set();
  }

  /** Reads one frame, if there is one. */
  read(): void {
    const frame = this.#session?.frames[this.#read];
    if (frame === undefined) return;
    this.#read++;
    this.#take(frame);
  }

  /** One frame reaches the hub. */
  write(hub: CommandHub): void {
    const frame = this.#toHub.shift();
    if (frame !== undefined && this.#session !== undefined) hub.dispatcher.result(this.#session, frame);
  }

  get idle(): boolean {
    return this.#toHub.length === 0 && this.#read === (this.#session?.frames.length ?? 0);
  }

  #take(frame: HubFrame): void {
    if (frame.type === 'command') this.#begin(frame.id, frame.deadline);
    if (frame.type === 'recall') for (const id of frame.ids) this.#answer(id);
    if (frame.type === 'ack' && 're' in frame) this.#unacked.delete(frame.re);
  }

  #begin(id: string, deadline: number): void {
    if (this.#memory.has(id)) return this.#answer(id);
    if (this.#refused.has(id)) return;
    const late = this.#clock.now() >= deadline;
    const status = late ? 'expired' : this.#random() < 0.8 ? 'succeeded' : 'failed';
    if (status !== 'expired') {
      const before = this.journal.get(id);
      this.journal.set(id, { times: (before?.times ?? 0) + 1, status, late });
    }
    this.#memory.set(id, { type: 'result', re: id, status });
    this.#unacked.add(id);
    this.#answer(id);
  }

  #answer(id: string): void {
    const known = this.#memory.get(id);
    if (known === undefined) this.#refused.add(id);
    this.#toHub.push(known ?? { type: 'result', re: id, status: 'unknown' });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function storm(seed: number): Promise<void> {
  const random = seeded(seed);
  const clock = new ManualClock();
  const hub = await startCommandHub(clock);
  const device = new SimulatedDevice(clock, random, random() < 0.5);
  const asked = new Set<string>();
  try {
    for (let at = 0; at < 600; at++) {
      const dice = random();
      if (dice < 0.2) {
        const id = `c-${at}`;
        const name = random() < 0.5 ? 'queued' : 'move';
        const accepted = hub.command(`command/d-1/${name}`, {
          id,
          params: { percent: 1 },
          ttlMs: (1 + random() * 20_000) | 0,
        });
        // Its PUBACK may never come, when the hub crashes first; then nothing is promised.
        void accepted.then(() => asked.add(id));
        if (random() < 0.8) await turn();
      } else if (dice < 0.5) device.read();
      else if (dice < 0.65) device.write(hub);
      else if (dice < 0.74) device.connect(hub);
      else if (dice < 0.78) device.cut(hub);
      else if (dice < 0.83) device.reboot(hub);
      else if (dice < 0.85) {
        device.cut(hub);
        await hub.crash();
      } else if (dice < 0.99) await clock.advanceAsync(random() * 500);
      else clock.setNow(clock.now() + (random() < 0.5 ? -1 : 1) * random() * 20_000);
      // The journal is real and takes real time: now and then it is given some.
      if (random() < 0.3) await hub.database.read('SELECT 1');
      else if (random() < 0.5) await turn();
    }
    device.connect(hub);
    await waitFor(
      async () => {
        device.read();
        device.write(hub);
        await clock.advanceAsync(100);
        return device.idle && hub.dispatcher.levels().open === 0;
      },
      { what: `all commands of seed ${seed} end`, timeoutMs: 20_000, everyMs: 1 },
    );
    await judge(hub, device, asked, seed);
  } finally {
    await hub.close();
  }
}

async function judge(
  hub: CommandHub,
  device: SimulatedDevice,
  asked: Set<string>,
  seed: number,
): Promise<void> {
  assert.ok(asked.size > 50);
  for (const [id, { times, late }] of device.journal) {
    assert.equal(times, 1, `seed ${seed}: ${id} was carried out ${times} times`);
    assert.equal(late, false);
  }
  for (const id of asked) {
    const command = (await hub.dispatcher.find('d-1', id))?.command;
    const truth = device.journal.get(id);
    const said = `seed ${seed}: ${id} ${command?.status} (${command?.reason}), truth: ${truth?.status ?? 'not done'}`;
    // Refused, and not in the journal. The counters may be those of a hub that has crashed since.
    if (command === undefined) assert.match(String(refusedFor(hub, id)), /^(too-many|unavailable)$/, said);
    else if (truth === undefined)
      assert.ok(['rejected', 'expired', 'lost', 'cancelled'].includes(command.status), said);
    else assert.ok(command.status === truth.status || (command.status === 'lost' && !device.persists), said);
    const finals = hub.broker
      .statuses('d-1', id)
      .filter((status) => /^(succ|fail|rej|exp|canc|lost)/.test(status));
    assert.equal(new Set(finals).size, 1, `${said}; published ${finals.join(', ')}`);
  }
}

function refusedFor({ broker }: CommandHub, id: string): unknown {
  const refusal: unknown = broker.published.find(
    ({ topic }) => topic === `hub/v1/status/d-1/${id}/rejected`,
  )?.body;
  return typeof refusal === 'object' && refusal !== null && 'reason' in refusal
    ? refusal['reason']
    : undefined;
}

for (let seed = 1; seed <= 12; seed++) {
  test(`link cuts, reboots, crashes and clock steps: every status is the device's own truth (seed ${seed})`, () =>
    storm(seed));
}

test('a command that the journal gives to somebody else is let go: no frame, no status, and the next one has its turn', async (t) => {
  const hub = await startCommandHub(new ManualClock());
  t.after(() => hub.close());
  await hub.command('command/d-1/queued', { id: 'c-1', params: { percent: 1 } });
  await hub.command('command/d-1/queued', { id: 'c-2', params: { percent: 2 } });
  await hub.broker.status('d-1', 'c-2', 'queued');
  await hub.database.transaction([
    { sql: "UPDATE command SET status = 'succeeded', final = 1 WHERE id = 'c-1'" },
  ]);
  const session = new FakeSession('d-1');
  hub.dispatcher.sessionOpened(session);
  const frame = await session.frame('command');
  assert.equal(frame.id, 'c-2');
  assert.deepEqual(hub.broker.statuses('d-1', 'c-1'), ['accepted', 'queued']);
  assert.deepEqual([hub.dispatcher.counters.notOurs, hub.dispatcher.levels().open], [1, 1]);
});

test('a command for a device of another hub is journalled here and delivered there', async (t) => {
  const hub = await startCommandHub(new ManualClock());
  t.after(() => hub.close());
  const store = createCommandStore(hub.database);
  const { dispatcher } = await startServed({
    clock: new ManualClock(),
    random: Math.random,
    publisher: hub.broker,
    journal: {
      ...store,
      async accept(...given) {
        const acceptance = await store.accept(...given);
        return acceptance.kind === 'added' ? { kind: 'added', owner: 'other' } : acceptance;
      },
    },
    audit: hub.audit,
    directory: { commandedTypeOf: (id) => hub.devices.get(id), maxFrameBytesOf: () => 65_536 },
  });
  t.after(() => dispatcher.close());
  const session = new FakeSession('d-1');
  dispatcher.sessionOpened(session);
  const request = { device: 'd-1', name: 'queued', params: { percent: 1 }, id: 'c-1' };
  const first = await dispatcher.submit(request);
  assert.equal(first.kind, 'accepted');
  assert.equal((await dispatcher.submit(request)).kind, 'repeated');
  assert.deepEqual([session.frames, dispatcher.levels().open, hub.broker.published], [[], 0, []]);
});

test('a command whose journal entry was made, and the answer lost, is delivered once the journal answers again', async (t) => {
  const clock = new ManualClock();
  const hub = await startCommandHub(clock);
  t.after(() => hub.close());
  const store = createCommandStore(hub.database);
  const lost = () =>
    Promise.reject(new HubError('database-failed', 'lost', { details: { reason: 'connection-lost' } }));
  const link = { breaks: true };
  const { dispatcher } = await startServed({
    clock,
    random: () => 0.5,
    publisher: hub.broker,
    journal: {
      ...store,
      async accept(...given) {
        const acceptance = await store.accept(...given);
        return link.breaks ? lost() : acceptance;
      },
      find: (device, id) => (link.breaks ? lost() : store.find(device, id)),
    },
    audit: hub.audit,
    directory: { commandedTypeOf: (id) => hub.devices.get(id), maxFrameBytesOf: () => 65_536 },
  });
  t.after(() => dispatcher.close());
  const session = new FakeSession('d-1');
  dispatcher.sessionOpened(session);
  const request = { device: 'd-1', name: 'queued', params: { percent: 1 }, id: 'c-1' };
  await assert.rejects(dispatcher.submit(request), /lost/, 'nobody is told what is not known');
  clock.advance(10_000);
  await waitFor(() => store.find('d-1', 'c-1'), { what: 'the entry' });
  assert.deepEqual(session.frames, []);
  link.breaks = false;
  const frame = await waitFor(
    () => {
      clock.advance(1_000);
      return session.frames.find(({ type }) => type === 'command');
    },
    { what: 'the command' },
  );
  assert.equal(frame.type === 'command' && frame.id, 'c-1');
});
