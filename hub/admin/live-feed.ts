import type { AlarmView } from '../../schemas/api/alarms.ts';
import type { Incident } from '../../schemas/api/incidents.ts';
import type { LiveMessage } from '../../schemas/api/live.ts';
import type { Reading } from '../../schemas/api/telemetry/readings.ts';
import type { NackRow } from '../../schemas/api/telemetry/rejects.ts';
import type { AlarmFollower } from '../alarms/alarm-follower.ts';
import type { IncidentFollower } from '../incidents/incident-follower.ts';
import { visibleTo } from '../incidents/incidents.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { hasRoomFor } from '../kernel/share.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import { LiveSubscriber } from './live-subscriber.ts';
import type { LiveCounters, LiveSocket, LiveSources, LiveViewer, TextForViewer } from './live-subscriber.ts';
import { parseWatch } from './live-topics.ts';
import type { Presence } from '../../schemas/api/presence.ts';
import type { PresenceFollower } from '../presence/presence-follower.ts';
import type { DeviceFollower } from '../registry/device-follower.ts';
import type { MayShow } from '../registry/visibility.ts';

/** A message for whoever may see it; undefined: this subscriber may not. */
export type ForViewer = (mayShow: MayShow | undefined) => LiveMessage | undefined;

/** One live socket, as its connection sees it. */
export interface LiveConnection {
  /** A text message came. */
  message(text: string): void;
  /** The socket is gone. */
  closed(): void;
}

export interface LiveFeedDeps {
  clock: Clock;
  log: Log;
  sources: LiveSources;
}

const devicesEveryMs = 100;
const changesEveryMs = 250;
const levelsEveryMs = 1_000;
/** One person or program may have as many as are still free: half of them when nobody else has any. */
const maxSockets = 400;
const watchesPerSec = 10;

/**
 * Reports changes to everyone who watches the hub's pages, as they happen, and not more often than a person can see.
 * While nobody watches, it costs one test.
 */
export class LiveFeed implements DeviceFollower, PresenceFollower, IncidentFollower, AlarmFollower {
  readonly #deps: LiveFeedDeps;
  readonly #subscribers = new Set<LiveSubscriber>();
  /** Devices with new data that the watchers of the fleet have not been sent. */
  readonly #withNewData = new Set<string>();
  /** Device → those who watch it. */
  #byDevice = new Map<string, Set<LiveSubscriber>>();
  #fleet: LiveSubscriber[] = [];
  #timers: Cancel[] = [];
  /** Somebody watches the fleet or a device: readings are of interest. */
  active = false;
  readonly counters: LiveCounters = {
    messages: 0,
    merged: 0,
    skippedReadings: 0,
    closedSlow: 0,
    signedOut: 0,
    refused: 0,
  };

  constructor(deps: LiveFeedDeps) {
    this.#deps = deps;
  }

  get sockets(): number {
    return this.#subscribers.size;
  }

  connect(viewer: LiveViewer, socket: LiveSocket): LiveConnection {
    const actors = [...this.#subscribers].map((each) => each.viewer.requester.actor);
    if (!hasRoomFor(viewer.requester.actor, actors, maxSockets)) {
      this.counters.refused += 1;
      socket.close(1013, 'too many watch already');
      return { message() {}, closed() {} };
    }
    const { clock, sources } = this.#deps;
    const subscriber = new LiveSubscriber({ viewer, socket, sources, counters: this.counters });
    const watches = new TokenBucket(clock, watchesPerSec);
    this.#subscribers.add(subscriber);
    this.#arm();
    return {
      message: (text) => {
        if (watches.take()) this.#watch(subscriber, text);
        else subscriber.close(1008, `at most ${watchesPerSec} messages a second`);
      },
      closed: () => {
        subscriber.closed = true;
        this.#subscribers.delete(subscriber);
        this.#sort();
        if (this.#subscribers.size === 0) this.#disarm();
      },
    };
  }

  presenceChanged(deviceId: string, { reason }: Pick<Presence, 'reason'>): void {
    for (const subscriber of this.#subscribers) {
      subscriber.changed(deviceId);
      if (reason === 'disabled' || reason === 'enabled') subscriber.added(deviceId);
    }
  }

  changedElsewhere(deviceId: string, presence: Pick<Presence, 'reason'>): void {
    this.presenceChanged(deviceId, presence);
  }

  registered({ id }: { id: string }): void {
    this.changed({ id });
  }

  /** For example, the labels of a device. */
  changed({ id }: { id: string }): void {
    for (const subscriber of this.#subscribers) subscriber.added(id);
  }

  /** Its twin stands elsewhere. */
  twinMoved(deviceId: string): void {
    this.changed({ id: deviceId });
  }

  incidentChanged(incident: Incident): void {
    this.report('incidents', incident.id, (mayShow) => {
      const visible = visibleTo(incident, mayShow);
      return visible && { t: 'incident', incident: visible };
    });
  }

  alarmChanged(alarm: AlarmView): void {
    const { device, source } = alarm;
    this.report('alarms', `${device ?? ''} ${source}`, (mayShow) =>
      mayShow === undefined || (device !== null && mayShow(device)) ? { t: 'alarm', alarm } : undefined,
    );
  }

  typesChanged(): void {
    this.report('types', 'all', () => ({ t: 'types' }));
  }

  alarmChangedElsewhere(alarm: AlarmView): void {
    this.alarmChanged(alarm);
  }

  removed(deviceId: string): void {
    this.#withNewData.delete(deviceId);
    for (const subscriber of this.#subscribers) subscriber.removed(deviceId);
  }

  /** An accepted reading; to be called only while `active`. */
  reading(deviceId: string, stream: string, timeMs: number, fields: Reading['fields']): void {
    if (this.#fleet.length > 0) this.#withNewData.add(deviceId);
    const subscribers = this.#byDevice.get(deviceId);
    if (subscribers === undefined) return;
    const text = textOf({ t: 'reading', id: deviceId, stream, timeMs, fields });
    for (const subscriber of subscribers) subscriber.reading(deviceId, text);
  }

  nacked(deviceId: string, row: NackRow): void {
    const subscribers = this.#byDevice.get(deviceId);
    if (subscribers === undefined) return;
    const text = textOf({ t: 'nack', id: deviceId, ...row });
    for (const subscriber of subscribers) subscriber.nacked(deviceId, text);
  }

  /** @param key a later message of the same key replaces this one */
  report(topic: 'commands' | 'incidents' | 'alarms' | 'types', key: string, message: ForViewer): void {
    const text = madeOnce(message);
    for (const subscriber of this.#subscribers)
      if (subscriber.watched[topic]) subscriber.report(`${topic} ${key}`, text);
  }

  /** The hub stops. */
  close(): void {
    this.#disarm();
    for (const subscriber of this.#subscribers) subscriber.close(1001, 'the hub is stopping');
  }

  #watch(subscriber: LiveSubscriber, text: string): void {
    const { sources } = this.#deps;
    const request = parseWatch(text, (id) => sources.row(id) !== undefined && subscriber.mayShow(id));
    if (request.kind === 'bad') {
      subscriber.send({ t: 'error', message: request.message });
      return;
    }
    subscriber.watch(request.watched);
    // A device that does not exist does not spoil the watch of the others.
    for (const id of request.gone) subscriber.send({ t: 'gone', id });
    this.#sort();
  }

  #sort(): void {
    this.#fleet = [...this.#subscribers].filter(({ watched }) => watched.fleet);
    this.#byDevice = new Map();
    for (const subscriber of this.#subscribers) {
      for (const id of subscriber.watched.devices) {
        const subscribers = this.#byDevice.get(id) ?? new Set();
        this.#byDevice.set(id, subscribers.add(subscriber));
      }
    }
    this.active = this.#fleet.length > 0 || this.#byDevice.size > 0;
    if (this.#fleet.length === 0) this.#withNewData.clear();
  }

  #arm(): void {
    if (this.#timers.length > 0) return;
    const { clock } = this.#deps;
    this.#timers = [
      clock.every(devicesEveryMs, () => {
        for (const subscriber of this.#subscribers) subscriber.flushDevices();
      }),
      clock.every(changesEveryMs, () => {
        for (const subscriber of this.#fleet) subscriber.newData(this.#withNewData);
        this.#withNewData.clear();
        this.#each((subscriber) => subscriber.flushChanges());
      }),
      clock.every(levelsEveryMs, () => this.#each((subscriber) => subscriber.flushLevels())),
    ];
  }

  #disarm(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers = [];
  }

  #each(flush: (subscriber: LiveSubscriber) => Promise<void>): void {
    for (const subscriber of this.#subscribers) {
      flush(subscriber).catch((error: unknown) => {
        this.#deps.log.error({ reason: messageOf(error) }, 'a live socket was not served');
        subscriber.close(1011, 'the hub failed to report a change');
      });
    }
  }
}

function textOf(message: LiveMessage): string {
  return JSON.stringify(message);
}

/** Made when the first subscriber is sent it, and once for all who may see everything: a fleet's command is a long text. */
function madeOnce(message: ForViewer): TextForViewer {
  const make: TextForViewer = (mayShow) => {
    const visible = message(mayShow);
    return visible && textOf(visible);
  };
  let forAll: { text: string | undefined } | undefined;
  return (mayShow) => {
    if (mayShow !== undefined) return make(mayShow);
    forAll ??= { text: make(undefined) };
    return forAll.text;
  };
}
