import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandMemory } from '../../../sdk/typescript/src/core/command-memory.ts';
import { ClockOffset } from '../../../sdk/typescript/src/core/clock-offset.ts';
import { CommandRunner } from '../../../sdk/typescript/src/core/command-runner.ts';
import { RamMemory } from '../../../sdk/typescript/src/core/ports.ts';
import type { DeviceFrame } from '../../../schemas/index.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { FakeSession, startCommandHub, valve, type CommandHub } from '../../helpers/hubs/dispatcher.ts';

/** The real dispatcher on a real journal against the reference device's own command handling, in any order. */

const finals = new Set(['succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'lost']);

interface Execution {
  device: string;
  id: string;
  /** Monotonic. */
  atMs: number;
}

interface Asked {
  device: string;
  id: string;
  /** By the hub's clock, when it was asked. */
  deadlineMs: number;
  /** When it is late by the time that passes, monotonic ms, whatever the hub's clock is set to. */
  untilMs: number;
}

class SimDevice {
  readonly id: string;
  readonly executions: Execution[] = [];
  readonly results = new Map<string, string>();
  /** It has forgotten commands in a reboot. */
  forgot = false;
  readonly #persists: boolean;
  readonly #clock: ManualClock;
  readonly #flash = new RamMemory();
  #boot = 0;
  #memory: CommandMemory;
  #runner: CommandRunner;
  readonly #offset = new ClockOffset();
  #session: FakeSession | undefined;
  /** Frames of the device that have not reached the hub. */
  #back: DeviceFrame[] = [];
  #taken = 0;
  #epoch = 0;

  constructor(id: string, persists: boolean, clock: ManualClock) {
    this.id = id;
    this.#persists = persists;
    this.#clock = clock;
    [this.#memory, this.#runner] = this.#start();
  }

  connect({ dispatcher }: CommandHub): void {
    if (this.#session !== undefined) return;
    this.#epoch += 1;
    this.#session = new FakeSession(this.id, {
      epoch: this.#epoch,
      boot: `boot-${this.#boot}`,
      persists: this.#persists,
    });
    this.#taken = 0;
    this.#back = [];
    this.#offset.reset();
    this.#exchange(this.#session);
    dispatcher.sessionOpened(this.#session);
    this.#runner.resend();
  }

  /** A heartbeat and its answer, which comes after all that the hub has written before. */
  beat(): void {
    this.hear();
    if (this.#session !== undefined) this.#exchange(this.#session);
  }

  #exchange({ reportedClock }: FakeSession): void {
    this.#offset.add(this.#clock.monotonic(), reportedClock.report(this.#clock));
  }

  /** What is under way, both ways, is lost. @param noticed by the hub */
  cut(hub: CommandHub, noticed = true): void {
    const session = this.#session;
    this.#session = undefined;
    this.#back = [];
    if (session !== undefined && noticed) hub.dispatcher.sessionClosed(session);
  }

  reboot(hub: CommandHub): void {
    this.cut(hub);
    this.#runner.close();
    this.#boot += 1;
    if (!this.#persists) this.forgot = true;
    [this.#memory, this.#runner] = this.#start();
  }

  /** What the hub has written reaches the device. */
  hear(): void {
    for (const frame of this.#session?.frames.slice(this.#taken) ?? []) {
      this.#taken += 1;
      if (frame.type === 'command') this.#runner.command(frame);
      if (frame.type === 'cancel') this.#runner.cancel(frame.re);
      if (frame.type === 'recall') this.#runner.recall(frame.ids);
      if (frame.type === 'ack' && 're' in frame) this.#memory.acked(frame.re);
    }
  }

  /** What the device has written reaches the hub. */
  speak({ dispatcher }: CommandHub): void {
    const session = this.#session;
    if (session === undefined) return;
    for (const frame of this.#back.splice(0)) {
      if (frame.type === 'received') dispatcher.received(session, frame.re);
      if (frame.type === 'progress') dispatcher.progress(session, frame);
      if (frame.type === 'result') dispatcher.result(session, frame);
    }
  }

  #start(): [CommandMemory, CommandRunner] {
    const memory = new CommandMemory(this.#persists ? this.#flash : undefined);
    const runner = new CommandRunner({
      memory,
      send: (frame) => void this.#back.push(frame),
      hubTime: () => this.#offset.hubTime(this.#clock.monotonic()),
      clock: this.#clock,
      changed: () => runner.begin(),
      ended: ({ re, status }) => void this.results.set(re, status),
    });
    for (const name of valve.commands.keys()) {
      runner.handle(name, ({ id, progress }) => {
        this.executions.push({ device: this.id, id, atMs: this.#clock.monotonic() });
        progress(50);
        return id.endsWith('3') ? { status: 'failed' } : { status: 'succeeded', output: {} };
      });
    }
    return [memory, runner];
  }
}

type Move =
  | { kind: 'send'; name: 'look' | 'queued' | 'newest' | 'move'; ttlMs: number }
  | { kind: 'connect' | 'cut' | 'reboot' | 'hear' | 'speak' | 'beat' | 'cancel' | 'crash' | 'restart' }
  | { kind: 'pass' | 'jump'; ms: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      name: fc.constantFrom('look', 'queued', 'newest', 'move'),
      ttlMs: fc.integer({ min: 1, max: 30_000 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constantFrom('connect', 'hear', 'speak', 'hear', 'speak', 'beat', 'cut', 'reboot', 'cancel'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('crash', 'restart') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('jump' as const),
      ms: fc.integer({ min: -3_600_000, max: 3_600_000 }),
    }),
  },
);

/** Lets the journal's thread answer, and what follows from it happen. */
async function settle(hub: CommandHub): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await hub.database.read('SELECT 1');
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

async function play(moves: readonly [Move, number][]): Promise<void> {
  const clock = new ManualClock();
  const hub = await startCommandHub(clock, { recallIntervalMs: 10_000 });
  const devices = [new SimDevice('d-1', false, clock), new SimDevice('d-2', true, clock)];
  hub.devices.set('d-2', valve);
  const asked: Asked[] = [];
  const cutAll = (noticed: boolean): void => {
    for (const device of devices) device.cut(hub, noticed);
  };
  try {
    for (const [step, which] of moves) {
      const device = devices[which];
      assert.ok(device);
      switch (step.kind) {
        case 'send': {
          const id = `c-${asked.length}`;
          const { id: to } = device;
          asked.push({
            device: to,
            id,
            deadlineMs: clock.now() + step.ttlMs,
            untilMs: clock.monotonic() + step.ttlMs,
          });
          const params = step.name === 'look' ? {} : { percent: 5 };
          await hub.command(`command/${device.id}/${step.name}`, { id, ttlMs: step.ttlMs, params });
          break;
        }
        case 'cancel': {
          const last = asked.findLast((each) => each.device === device.id);
          if (last !== undefined) await hub.command(`cancel/${last.device}/${last.id}`);
          break;
        }
        case 'connect':
          device.connect(hub);
          break;
        case 'cut':
          device.cut(hub);
          break;
        case 'reboot':
          device.reboot(hub);
          break;
        case 'hear':
          device.hear();
          break;
        case 'speak':
          device.speak(hub);
          break;
        case 'beat':
          device.beat();
          break;
        case 'crash':
        case 'restart':
          cutAll(step.kind === 'restart');
          await hub[step.kind]();
          // Nobody remembers how much time has passed: what the clock was set back by is gained.
          for (const each of asked) {
            each.untilMs = Math.max(each.untilMs, clock.monotonic() + each.deadlineMs - clock.now());
          }
          break;
        case 'pass':
          await clock.advanceAsync(step.ms);
          break;
        case 'jump':
          clock.setNow(clock.now() + step.ms);
          break;
      }
      await settle(hub);
    }
    // In the end everybody comes back, and nobody speaks for longer than the hub waits.
    for (let round = 0; round < 6; round++) {
      for (const device of devices) {
        device.connect(hub);
        device.hear();
        await settle(hub);
        device.speak(hub);
      }
      await settle(hub);
      await clock.advanceAsync(10_000);
    }
    cutAll(true);
    clock.setNow(clock.now() + 3 * 24 * 3_600_000);
    await clock.advanceAsync(10_000);
    await settle(hub);
    for (const each of asked) await judge(hub, devices, each);
  } finally {
    await hub.close();
  }
}

async function judge(
  hub: CommandHub,
  devices: readonly SimDevice[],
  { device, id, untilMs }: Asked,
): Promise<void> {
  const status = (await hub.dispatcher.find(device, id))?.command.status ?? 'refused';
  const published = new Set(hub.broker.statuses(device, id).filter((each) => finals.has(each)));
  assert.equal(published.size, 1, `${id} was published as ${[...published].join()}`);
  if (status === 'refused') return;
  assert.ok(published.has(status), `${id} is ${status}, and was published as ${[...published].join()}`);
  const own = devices.find((each) => each.id === device);
  const executions = devices.flatMap((each) => each.executions.filter((execution) => execution.id === id));
  assert.ok(executions.length <= 1, `${id} was run ${executions.length} times`);
  for (const execution of executions) {
    assert.equal(execution.device, device);
    assert.ok(execution.atMs <= untilMs, `${id} was begun ${execution.atMs - untilMs} ms late`);
  }
  const said = own?.results.get(id);
  if (executions.length === 0) assert.ok(status !== 'succeeded' && status !== 'failed', `${id}: ${status}`);
  else if (status === 'lost') assert.equal(own?.forgot, true, `${id} was run, and is lost`);
  else assert.equal(status, said);
}

test('in any order of frames, links, reboots, restarts and clock jumps (in open sessions too), no command is late, twice or misreported', async () => {
  const moves = fc.array(fc.tuple(move, fc.integer({ min: 0, max: 1 })), { minLength: 5, maxLength: 40 });
  await fc.assert(fc.asyncProperty(moves, play), {
    numRuns: 40,
    interruptAfterTimeLimit: 25_000,
    endOnFailure: false,
  });
});
