import { join } from 'node:path';
import {
  auditMigrations,
  auditOriginMigrations,
  auditInSameTransaction,
  createAuditStore,
} from '../../../hub/adapters/sqlite/sqlite-audit-store.ts';
import { commandMigrations, createCommandStore } from '../../../hub/adapters/sqlite/sqlite-command-store.ts';
import { openDatabase, type Database } from '../../../hub/adapters/sqlite/sqlite.ts';
import { Audit, type Auditor } from '../../../hub/audit/audit.ts';
import { CommandAudit, stateEvent } from '../../../hub/commands/command-audit.ts';
import { newCommandCounters } from '../../../hub/commands/command-counters.ts';
import type { IncomingMessage, OutgoingMessage, Publisher } from '../../../hub/bus/bus.ts';
import {
  startDispatcher,
  type Dispatcher,
  type DispatcherDeps,
  type DispatcherOptions,
} from '../../../hub/commands/dispatcher.ts';
import type { CommandSession } from '../../../hub/commands/command-session.ts';
import type { CommandJournal } from '../../../hub/commands/journal.ts';
import { MqttRequests } from '../../../hub/commands/mqtt-requests.ts';
import type { SharedCommands } from '../../../hub/commands/shared-commands.ts';
import { StatusPublisher } from '../../../hub/commands/status-publisher.ts';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { ReportedClock } from '../../../hub/sessions/reported-clock.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import type { Clock } from '../../../schemas/time/clock.ts';
import { compileDeviceType, type DeviceType, type HubFrame } from '../../../schemas/index.ts';
import { temporaryFolder } from '../services/guard.ts';
import { waitFor } from '../wait-for.ts';

export const log = createLog({ level: 'silent' });

const position = {
  type: 'object',
  properties: { percent: { type: 'number', minimum: 0, maximum: 100 } },
  additionalProperties: false,
};

/** One command for every policy and class. */
export const valve: DeviceType = compileDeviceType(
  {
    name: 'valve',
    version: 1,
    streams: {},
    presence: { heartbeatSec: 30 },
    commands: {
      look: { safety: 'observe', offline: 'reject', ttlSec: 60, output: position },
      queued: {
        safety: 'config',
        offline: 'queue',
        ttlSec: 60,
        params: { ...position, required: ['percent'] },
      },
      newest: { safety: 'config', offline: 'latest', ttlSec: 60, params: position },
      move: { safety: 'actuate', offline: 'reject', ttlSec: 60, params: position },
      blink: { safety: 'observe', offline: 'queue', ttlSec: 60, concurrency: 3 },
      peek: { safety: 'observe', offline: 'queue', ttlSec: 60, concurrency: 2 },
      wipe: { safety: 'critical', offline: 'reject', ttlSec: 60 },
    },
  },
  'valve@1.json',
);

export interface Published {
  topic: string;
  body: Record<string, unknown>;
  message: OutgoingMessage;
}

/** Takes what the dispatcher publishes; `mode` says what the broker does with it. */
export class FakeBroker implements Publisher {
  mode: 'takes' | 'is-away' | 'refuses-answers' = 'takes';
  readonly published: Published[] = [];

  publish(message: OutgoingMessage): Promise<void> {
    if (this.mode === 'is-away') return Promise.reject(new HubError('bus-unavailable'));
    if (this.mode === 'refuses-answers' && !message.topic.startsWith('hub/v1/status/')) {
      return Promise.reject(new HubError('bus-refused'));
    }
    this.published.push({ topic: message.topic, body: JSON.parse(message.payload), message });
    return Promise.resolve();
  }

  /** The first message on this topic. */
  next(topic: string): Promise<Published> {
    return waitFor(() => this.published.find((each) => each.topic === topic), {
      what: `a message on ${topic}`,
    });
  }

  status(device: string, id: string, status: string): Promise<Published> {
    return this.next(`hub/v1/status/${device}/${id}/${status}`);
  }

  /** The statuses published of one command, in order. */
  statuses(device: string, id: string): string[] {
    const prefix = `hub/v1/status/${device}/${id}/`;
    return this.published
      .filter(({ topic }) => topic.startsWith(prefix))
      .map(({ topic }) => topic.slice(prefix.length));
  }
}

/** The hub's end of one session: keeps the frames the dispatcher writes. */
export class FakeSession implements CommandSession {
  readonly deviceId: string;
  readonly epoch: number;
  readonly boot: string;
  readonly persistsCommands: boolean;
  readonly type = valve;
  /** Nobody tells it anything, unless the test does: then it reckons as the hub does. */
  readonly reportedClock = new ReportedClock();
  readonly frames: HubFrame[] = [];
  readonly outbox = {
    maxFrameBytes: 65_536,
    binary: false,
    bytesOf: (frame: HubFrame) => Buffer.byteLength(JSON.stringify(frame)),
  };
  full = false;

  constructor(deviceId: string, options: { epoch?: number; boot?: string; persists?: boolean } = {}) {
    this.deviceId = deviceId;
    this.epoch = options.epoch ?? 1;
    this.boot = options.boot ?? 'boot-1';
    this.persistsCommands = options.persists ?? false;
  }

  send(frame: HubFrame): boolean {
    if (this.full) return false;
    this.frames.push(frame);
    return true;
  }

  frame<Type extends HubFrame['type']>(
    type: Type,
    where: (frame: Extract<HubFrame, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<HubFrame, { type: Type }>> {
    const isWanted = (frame: HubFrame): frame is Extract<HubFrame, { type: Type }> => frame.type === type;
    return waitFor(() => this.frames.filter(isWanted).find(where), { what: `a ${type} frame` });
  }
}

export interface CommandHub {
  readonly dispatcher: Dispatcher;
  readonly broker: FakeBroker;
  /** Registered devices. */
  readonly devices: Map<string, DeviceType>;
  readonly database: Database;
  readonly audit: Audit;
  /** Publishes a command payload; resolves at its PUBACK. */
  command(topic: string, payload?: unknown, message?: Partial<IncomingMessage>): Promise<void>;
  /** Stops the dispatcher and starts another on the same journal. */
  restart(): Promise<void>;
  /** As `restart`, but the first one just stops: what it had not handed to the journal or the broker is lost. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

interface Served {
  dispatcher: Dispatcher;
  requests: MqttRequests;
}

/** A dispatcher with its requests over MQTT below `hub/v1`; group commands are nobody's. */
export async function startServed(
  given: Pick<DispatcherDeps, 'clock' | 'random' | 'journal' | 'directory' | 'shared'> & {
    publisher: Publisher;
    audit: Pick<Auditor, 'record' | 'noted'>;
  },
  options: DispatcherOptions = {},
): Promise<Served> {
  const counters = newCommandCounters();
  const deps = {
    ...given,
    log,
    topics: topicsOf('hub/v1'),
    statuses: new StatusPublisher({ publisher: given.publisher, log, counters }),
    audit: new CommandAudit(given.audit, counters),
  };
  const dispatcher = await startDispatcher({ ...deps, counters, followers: [] }, options);
  const groups = { command: () => Promise.reject(new HubError('bus-unavailable')) };
  return {
    dispatcher,
    requests: new MqttRequests({ ...deps, dispatcher, groups, counters, isOfAnotherHub: () => false }),
  };
}

/**
 * A dispatcher over a real journal, with a broker and sessions played by the test.
 * @param share makes it one of several hubs, and may change what the journal answers, and when
 */
export async function startCommandHub(
  clock: Clock,
  options: DispatcherOptions = {},
  share?: (journal: CommandJournal) => { journal: CommandJournal; shared: SharedCommands },
): Promise<CommandHub> {
  const folder = temporaryFolder('commands');
  const database = await openDatabase({
    file: join(folder.path, 'state.db'),
    migrations: [...commandMigrations, ...auditMigrations, ...auditOriginMigrations],
  });
  const broker = new FakeBroker();
  const devices = new Map([['d-1', valve]]);
  const audit = new Audit({ store: createAuditStore(database), clock, log });
  const beside = auditInSameTransaction();
  let life = { crashed: false };
  const start = async (): Promise<Served> => {
    const mine = { crashed: false };
    life = mine;
    const journal = mortal(
      createCommandStore(database, (command, first) => beside(audit.entryOf(stateEvent(command, first)))),
      mine,
    );
    const served = await startServed(
      {
        clock,
        random: Math.random,
        publisher: mortal<Publisher>(broker, mine),
        ...(share === undefined ? { journal } : share(journal)),
        audit,
        directory: { commandedTypeOf: (id) => devices.get(id), maxFrameBytesOf: () => 65_536 },
      },
      options,
    );
    served.dispatcher.busConnected();
    return served;
  };
  let { dispatcher, requests } = await start();
  return {
    get dispatcher() {
      return dispatcher;
    },
    broker,
    devices,
    database,
    audit,
    command: (topic, payload = {}, message = {}) =>
      requests.message({
        topic: `hub/v1/${topic}`,
        retain: false,
        dup: false,
        payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
        ...message,
      }),
    async restart() {
      await dispatcher.close();
      ({ dispatcher, requests } = await start());
    },
    async crash() {
      life.crashed = true;
      ({ dispatcher, requests } = await start());
    },
    async close() {
      await dispatcher.close();
      await audit.close();
      await database.close();
      folder.remove();
    },
  };
}

/** Everything asked of `port` after the crash stays without answer, and an answer under way never comes. */
function mortal<Port extends object>(port: Port, life: { crashed: boolean }): Port {
  const never = new Promise<never>(() => {});
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        if (life.crashed) return never;
        const answer: unknown = await Reflect.apply(method, target, args);
        return life.crashed ? never : answer;
      };
    },
  });
}
