import { MemoryTwinStore } from '../devices/memory-twins.ts';
import type { UpdateEvents } from '../../../hub/firmware/rollouts/update-session.ts';
import { Twins } from '../../../hub/twins/twins.ts';
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { AckSchedule } from '../../../hub/sessions/ack-schedule.ts';
import { hashSecret, type Credential } from '../../../hub/registry/credentials.ts';
import { startLiveness } from '../../../hub/presence/liveness.ts';
import { PresenceKeeper } from '../../../hub/presence/presence-keeper.ts';
import { Registry } from '../../../hub/registry/registry.ts';
import { startCloneGuard } from '../../../hub/sessions/clone-guard.ts';
import type { SessionOptions } from '../../../hub/sessions/hello.ts';
import { Session } from '../../../hub/sessions/session.ts';
import { Sessions } from '../../../hub/sessions/sessions.ts';
import { newSessionCounters } from '../../../hub/sessions/session-counters.ts';
import { DeviceEvents } from '../../../hub/presence/device-events.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import type { HubClock } from '../../../hub/telemetry/clock/hub-clock.ts';
import { Ingest } from '../../../hub/telemetry/ingest.ts';
import type { ReadingFollower } from '../../../hub/telemetry/reading-follower.ts';
import type { WriterOptions } from '../../../hub/telemetry/writer.ts';
import { compileDeviceType } from '../../../schemas/index.ts';
import type { DeviceType, DeviceTypeCatalog, TelemetryFrame } from '../../../schemas/index.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { shortenTelemetry } from '../../../schemas/cbor/short-telemetry.ts';
import { layoutOf } from '../../../schemas/cbor/type-layout.ts';
import { subprotocols } from '../../../schemas/limits.ts';
import { ManualClock, trustedClock } from '../clock.ts';
import { silentLog } from '../silent-log.ts';
import { startMs } from '../start-time.ts';
import { MemoryDeviceLists, MemoryDeviceStore, MemoryPresenceStore } from '../devices/memory-devices.ts';
import { RecordingCommands } from '../devices/recording-commands.ts';
import { testPipeline } from './pipeline.ts';
import { ScriptedStore } from './scripted-store.ts';
import { ScriptedSocket } from './scripted-socket.ts';

const env = {
  type: 'object',
  properties: {
    temperature: { type: 'number', minimum: -60, maximum: 125 },
    humidity: { type: 'number', minimum: 0, maximum: 100 },
    note: { type: 'string', maxLength: 64 },
  },
  required: ['temperature'],
  additionalProperties: false,
};

const settings = (more: object): object => ({
  type: 'object',
  properties: {
    level: { type: 'integer', minimum: 0, maximum: 9, ...more },
    note: { type: 'string', maxLength: 400 },
    more: { type: 'string', maxLength: 400 },
    serial: { type: 'string', maxLength: 16 },
  },
  additionalProperties: false,
});
const twin = { desired: settings({ default: 5 }), reported: settings({}) };

function sensor(version: number, more: object = {}): DeviceType {
  const leak = {
    type: 'object',
    properties: { zone: { type: 'integer' }, note: { type: 'string', maxLength: 64 } },
    additionalProperties: false,
  };
  const definition = {
    name: 'sensor',
    version,
    streams: { env },
    events: { leak },
    commands: { identify: { safety: 'observe', offline: 'reject' } },
    presence: { heartbeatSec: 30, graceSec: 15 },
    ...more,
  };
  return compileDeviceType(definition, `sensor@${version}.json`);
}

/** The third version has a twin. */
const types = [sensor(1), sensor(2), sensor(3, { twin })];
export const sensorType: DeviceType = sensor(1);
export const catalog = {
  get: (id: string) => types.find((type) => type.id === id),
  all: () => types,
};

/** No rollout is under way. */
const noUpdates: UpdateEvents = {
  sessionOpening: () => undefined,
  sessionClosed: () => undefined,
  updateStatus: async () => ({ kind: 'taken' }),
};

/** Lets every promise job and I/O callback that is due run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export interface FixtureOptions extends Partial<SessionOptions> {
  writer?: Partial<WriterOptions>;
  /** The test runs the polls of the sockets itself. */
  pollsByHand?: boolean;
  /** The devices have a type with a twin. */
  twin?: boolean;
  twinCacheBytes?: number;
  maxAgeMs?: number;
  maxAheadMs?: number;
  /** Not given: one that is never doubted. */
  hubClock?: (clock: Clock) => Pick<HubClock, 'doubted' | 'unusable' | 'range' | 'reportedByDevice'>;
  /** How the devices write their frames: JSON when not given. */
  encoding?: Encoding;
  /** Of the devices, in place of the fixture's own. */
  type?: DeviceType;
}

/** JSON; CBOR with names; CBOR with telemetry in its short form, where it has one. */
export type Encoding = 'json' | 'cbor-names' | 'cbor-short';

function written(frame: object, encoding: Encoding, type: DeviceType): Uint8Array {
  const isTelemetry = 'type' in frame && frame.type === 'telemetry';
  const short =
    encoding === 'cbor-short' && isTelemetry
      ? shortenTelemetry(frame as TelemetryFrame, layoutOf(type.definition).streams)
      : undefined;
  return writeCbor(short ?? frame);
}

/** One connected device: its session and its end of the socket. */
export class ConnectedDevice {
  readonly session: Session;
  readonly socket: ScriptedSocket;
  readonly #encoding: Encoding;
  readonly #type: DeviceType;
  #seq = 0;

  constructor(
    session: Session,
    socket: ScriptedSocket,
    { encoding = 'json', type = sensorType }: Pick<FixtureOptions, 'encoding' | 'type'> = {},
  ) {
    this.session = session;
    this.socket = socket;
    this.#encoding = encoding;
    this.#type = type;
  }

  send(frame: object): void {
    if (this.#encoding === 'json') this.session.text(JSON.stringify(frame));
    else this.session.binary(written(frame, this.#encoding, this.#type));
  }

  hello(members: object = {}): Promise<void> {
    const { id, definition } = this.#type;
    const layout = this.#encoding === 'cbor-short' ? { layout: layoutOf(definition).fingerprint } : {};
    this.send({ type: 'hello', boot: 'b1', deviceType: id, t1: 0, ...layout, ...members });
    return turn();
  }

  /** A telemetry frame under the next seq (or the one in `members`), by default a good reading of now. */
  telemetry(members: Record<string, unknown> = {}): void {
    const { seq = this.#seq + 1 } = members;
    if (typeof seq === 'number') this.#seq = seq;
    const time = 'up' in members || 'samples' in members ? {} : { ts: startMs + this.#seq };
    const data = 'samples' in members ? {} : { data: { temperature: 20 } };
    this.send({ type: 'telemetry', seq, stream: 'env', ...time, ...data, ...members });
  }
}

function ofOne(type: DeviceType): DeviceTypeCatalog {
  return { get: (id) => (id === type.id ? type : undefined), all: () => [type] };
}

/** The device's one credential: its secret is `secret-<id>`. */
function secretOf(id: string): Credential {
  const material = hashSecret(`secret-${id}`);
  return { id: 'c1', kind: 'secret', material, state: 'active', createdMs: 0 };
}

/** The clone guard's sweep would stand among the timers that tests count. */
function withoutIntervals(clock: ManualClock): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, run) => clock.after(ms, run),
    every: () => () => {},
  };
}

/** Sessions wired as in the hub, on a clock turned by hand, with both stores in memory. */
export async function startSessions(t: TestContext, options: FixtureOptions = {}) {
  const clock = new ManualClock(startMs);
  const hubClock = options.hubClock?.(clock) ?? trustedClock(clock);
  const polls: (() => void)[] = [];
  const afterPoll = (run: () => void): void => {
    if (options.pollsByHand === true) polls.push(run);
    else run();
  };
  const liveness = startLiveness({ clock, afterPoll });
  const deviceStore = new MemoryDeviceStore();
  const type = options.type?.id ?? (options.twin === true ? 'sensor@3' : 'sensor@1');
  const known = options.type === undefined ? catalog : ofOne(options.type);
  const record = { type, site: 'lab', createdMs: 0, disabled: false, epoch: 0 };
  await deviceStore.add(['d1', 'd2'].map((id) => ({ ...record, id, credentials: [secretOf(id)] })));
  const removed: string[] = [];
  const registry = new Registry({ store: deviceStore, clock });
  await registry.load();
  const presenceStore = new MemoryPresenceStore();
  const changes: string[] = [];
  const presence = new PresenceKeeper({
    clock,
    log: silentLog,
    liveness,
    store: presenceStore,
    turnedAway: [],
    followers: [
      {
        presenceChanged: (id, { state, reason, epoch, n }) =>
          void changes.push(`${id} ${state} ${reason} ${epoch}.${n}`),
      },
    ],
  });
  const sessions = new Sessions({
    registry,
    catalog: known,
    clock,
    hubClock,
    lastSession: (id) => presence.session(id),
  });
  registry.follow(sessions, presence, { removed: (id) => void removed.push(id) });
  const store = new ScriptedStore();
  const pipeline = testPipeline({ store, clock, log: silentLog }, { writer: options.writer ?? {} });
  const { writer, ledger, shedding } = pipeline;
  const fanned: unknown[][] = [];
  const follower: ReadingFollower = {
    followStream: (id, _type, stream) => ({
      reading: (...told) => void fanned.push([id, stream, ...told]),
      readings: (...told) => void fanned.push([id, stream, ...told]),
    }),
    event: (...told) => void fanned.push(told),
  };
  const { maxAgeMs = 86_400_000, maxAheadMs = 60_000 } = options;
  const ingest = new Ingest(
    { writer, ledger, shedding, followers: [follower], clock, hubClock },
    { maxAgeMs, maxAheadMs, backfillMaxAgeMs: 3_660 * 86_400_000 },
  );
  const sessionOptions = {
    ackDelayMs: options.ackDelayMs ?? 500,
    inFlight: options.inFlight ?? 64,
    messagesPerSec: options.messagesPerSec ?? 1_000,
    bytesPerSec: 1_000_000,
    samplesPerSec: 10_000,
    logsPerSec: 5,
    backoffMaxMs: 30_000,
  };
  const acks = new AckSchedule(clock, sessionOptions.ackDelayMs);
  const commands = new RecordingCommands();
  const twinStore = new MemoryTwinStore();
  const twins = new Twins({
    clock,
    log: silentLog,
    audit: {
      record: async () => {},
      entryOf: (event) => ({ ...event, timeMs: 0 }),
      noted() {},
      refused() {},
    },
    store: twinStore,
    sessions,
    requireType: (id) => sessions.requireType(id),
    followers: [],
    cacheBytes: options.twinCacheBytes,
  });
  const counters = newSessionCounters();
  const alarms: string[] = [];
  const clones = startCloneGuard({
    clock: withoutIntervals(clock),
    random: () => 0.5,
    alarm: (id, raised) => alarms.push(`${id} ${raised ? 'raised' : 'over'}`),
  });
  const deviceEvents = new DeviceEvents({ clock, log: silentLog, store: new MemoryDeviceLists() });
  const deps = {
    clock,
    hubClock,
    log: silentLog,
    liveness,
    catalog: known,
    ingest,
    acks,
    presence,
    registry,
    sessions,
    commands,
    twins,
    updates: noUpdates,
    counters,
    clones,
    deviceEvents,
    nackFollowers: [],
  };
  const sockets: ScriptedSocket[] = [];
  t.after(() => {
    liveness.close();
    clones.close();
    acks.close();
    void pipeline.close();
    for (const { unlawful } of sockets) assert.deepEqual(unlawful, [], 'the hub keeps to its own schemas');
  });

  /** The upgrade is done; the hello is yet to come. */
  function connect(deviceId = 'd1', address = '10.0.0.1'): ConnectedDevice {
    const found = registry.get(deviceId);
    assert.ok(found);
    const isCbor = options.encoding !== undefined && options.encoding !== 'json';
    const socket = new ScriptedSocket(isCbor ? subprotocols.cbor : '');
    sockets.push(socket);
    const session = new Session(
      { ...deps, opened: () => undefined, options: sessionOptions },
      found,
      socket,
      address,
    );
    sessions.connected(session, { deviceId, by: 'secret', credentialId: 'c1' });
    session.start();
    return new ConnectedDevice(session, socket, options);
  }

  /** A device whose session is open. */
  async function open(deviceId = 'd1', hello: object = {}): Promise<ConnectedDevice> {
    const device = connect(deviceId);
    await device.hello({ deviceType: type, ...hello });
    assert.equal(device.socket.of('welcome').length, 1);
    return device;
  }

  return {
    clock,
    polls,
    liveness,
    registry,
    sessions,
    presence,
    changes,
    store,
    pipeline,
    writer,
    ingest,
    acks,
    commands,
    twins,
    twinStore,
    alarms,
    clones,
    deviceEvents,
    counters,
    clockBelieved: () => sessions.clockBelieved(),
    deviceStore,
    presenceStore,
    /** Devices whose removal is through. */
    removed,
    fanned,
    connect,
    open,
    /** Turns the clock, with everything that follows. */
    pass: (ms: number): Promise<void> => clock.advanceAsync(ms),
  };
}
