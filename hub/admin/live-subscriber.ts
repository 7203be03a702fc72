import type { DeviceDetails, DeviceSummary } from '../../schemas/api/devices.ts';
import type { FramePage } from '../../schemas/api/frames/frames.ts';
import type { HubSnapshot } from '../../schemas/api/hub.ts';
import type { LiveCounts, LiveMessage, RowChange } from '../../schemas/api/live.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { MayShow } from '../registry/visibility.ts';
import { nothing, type WatchedTopics } from './live-topics.ts';
import type { Presence } from '../../schemas/api/presence.ts';

/** Where the messages of one subscriber go. */
export interface LiveSocket {
  /** Handed to the socket and not sent yet. */
  readonly bufferedBytes: number;
  send(text: string): void;
  /** @param code RFC 6455 §7.4; 4401: the login is over */
  close(code: number, reason: string): void;
}

/** Who watches. */
export interface LiveViewer {
  requester: Requester;
  /** Not given: it may see every device. */
  mayShow?: MayShow | undefined;
  /** Whether the login of the socket is still valid. */
  holds(): boolean;
  /** Another hub watches for somebody there: it gets what is about the devices of this one. */
  ofPeer?: boolean | undefined;
}

/** The state at the moment. `mayShow` not given: of every device. */
export interface LiveSources {
  ids(): Iterable<string>;
  /** Undefined when there is no such device, here and below. */
  presence(deviceId: string): Presence | undefined;
  row(deviceId: string): DeviceSummary | undefined;
  details(deviceId: string): DeviceDetails | undefined;
  counts(mayShow?: MayShow): Promise<LiveCounts>;
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
  frames: FrameSource;
  /** Which hub has the device: this one, another, or none. */
  whose(deviceId: string): 'ours' | 'others' | 'nobodys';
}

/** The frames of devices, for those who watch them. */
export interface FrameSource {
  /** Somebody begins to watch the frames of this device. */
  looked(requester: Requester, deviceId: string): Promise<void>;
  /** Number of the device's newest entry. */
  newest(deviceId: string): number;
  /** What was noted of the device after this entry. */
  since(deviceId: string, after: number): FramePage;
}

export interface LiveCounters {
  messages: number;
  /** Turns that were skipped because the socket did not read fast enough; its changes merge with later ones. */
  merged: number;
  /** Readings of a watched device that newer ones pushed out. */
  skippedReadings: number;
  /** Sockets closed because they do not read. */
  closedSlow: number;
  /** Sockets closed because the login had ended. */
  signedOut: number;
  /** Sockets refused because there are too many. */
  refused: number;
}

/** The text of a message for whoever may see it; undefined: this subscriber may not. */
export type TextForViewer = (mayShow: MayShow | undefined) => string | undefined;

const mergeBytes = 1_048_576;
const closeBytes = 8 * 1_048_576;
const rowsAtOnce = 2_000;
const readingsKept = 50;
const nacksKept = 20;
/** Messages of commands, incidents, alarms and types, and ids of devices, that wait for a socket. */
const reportsKept = 5_000;
const idsKept = 300_000;

/**
 * One subscriber, and what has changed since its last message. All changes of one thing become one message, so a slow
 * socket gets fewer messages and no wrong ones.
 */
export class LiveSubscriber {
  readonly viewer: LiveViewer;
  readonly #socket: LiveSocket;
  readonly #sources: LiveSources;
  readonly #counters: LiveCounters;
  watched: WatchedTopics = nothing;
  closed = false;
  /** It has begun to watch, and nothing has been sent yet. */
  #fresh = false;
  readonly #removed = new Set<string>();
  readonly #added = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #withNewData = new Set<string>();
  readonly #reports = new Map<string, TextForViewer>();
  readonly #readings = new Map<string, string[]>();
  readonly #nacks = new Map<string, string[]>();
  readonly #touched = new Set<string>();
  /** Number of the entry sent last, by device whose frames are watched. */
  readonly #framesSent = new Map<string, number>();
  /** The details sent last, by device. */
  readonly #shown = new Map<string, string>();
  /** For a subscriber that may not see every device: whether it may see this one. Only a new device of the same id changes that. */
  readonly #visible = new Map<string, boolean>();

  constructor(deps: {
    viewer: LiveViewer;
    socket: LiveSocket;
    sources: LiveSources;
    counters: LiveCounters;
  }) {
    this.viewer = deps.viewer;
    this.#socket = deps.socket;
    this.#sources = deps.sources;
    this.#counters = deps.counters;
  }

  watch(watched: WatchedTopics): void {
    this.watched = watched;
    this.#fresh = true;
    // Decided before the device is removed: afterwards its site and labels are unknown.
    if (watched.fleet && this.viewer.mayShow !== undefined)
      for (const id of this.#sources.ids()) this.mayShow(id);
    if (!watched.fleet) for (const ids of this.#fleetIds) ids.clear();
    if (!watched.commands && !watched.incidents && !watched.alarms && !watched.types) this.#reports.clear();
    for (const id of this.#shown.keys()) if (!watched.devices.has(id)) this.#shown.delete(id);
    for (const id of watched.devices) this.#touched.add(id);
    for (const id of this.#framesSent.keys()) if (!watched.frames.has(id)) this.#framesSent.delete(id);
    for (const id of watched.frames) this.#look(id);
  }

  mayShow(deviceId: string): boolean {
    const { mayShow } = this.viewer;
    if (mayShow === undefined) return true;
    let visible = this.#visible.get(deviceId);
    if (visible === undefined) {
      visible = mayShow(deviceId);
      this.#visible.set(deviceId, visible);
    }
    return visible;
  }

  send(message: LiveMessage): void {
    this.#sendText(JSON.stringify(message));
  }

  close(code: number, reason: string): void {
    if (this.closed) return;
    this.closed = true;
    this.#socket.close(code, reason);
  }

  changed(deviceId: string): void {
    if (this.watched.fleet && this.mayShow(deviceId)) this.#changed.add(deviceId);
    if (this.#watches(deviceId)) this.#touched.add(deviceId);
  }

  /** Newer data have come from these devices. */
  newData(deviceIds: Iterable<string>): void {
    for (const id of deviceIds) if (this.mayShow(id)) this.#withNewData.add(id);
  }

  /** The device is new, or a part of its row has changed that rarely changes. */
  added(deviceId: string): void {
    this.#visible.delete(deviceId);
    if (this.#watches(deviceId)) this.#touched.add(deviceId);
    if (!this.watched.fleet || !this.mayShow(deviceId)) return;
    this.#removed.delete(deviceId);
    this.#added.add(deviceId);
  }

  removed(deviceId: string): void {
    if (this.#watches(deviceId)) this.send({ t: 'gone', id: deviceId });
    if (this.watched.fleet && this.mayShow(deviceId)) {
      for (const ids of this.#fleetIds) ids.delete(deviceId);
      this.#removed.add(deviceId);
    }
    this.#visible.delete(deviceId);
    this.#shown.delete(deviceId);
  }

  /** @param key a later message of the same key replaces this one */
  report(key: string, message: TextForViewer): void {
    // Deleted first, so that the message takes the place of the newest change in the order.
    this.#reports.delete(key);
    this.#reports.set(key, message);
  }

  /** @param text the message, which is the same for all who watch the device; here and below */
  reading(deviceId: string, text: string): void {
    if (!this.#watches(deviceId)) return;
    this.#counters.skippedReadings += keep(this.#readings, deviceId, text, readingsKept);
  }

  nacked(deviceId: string, text: string): void {
    if (this.#watches(deviceId)) keep(this.#nacks, deviceId, text, nacksKept);
  }

  /** The readings and nacks of a watched device. */
  flushDevices(): void {
    const { size } = this.watched.frames;
    if (this.#readings.size + this.#nacks.size + this.#touched.size + size === 0 || !this.#mayFlush()) return;
    for (const id of this.#touched) this.#sendDetails(id);
    this.#touched.clear();
    for (const texts of [...this.#readings.values(), ...this.#nacks.values()])
      for (const text of texts) this.#sendText(text);
    this.#readings.clear();
    this.#nacks.clear();
    for (const id of this.watched.frames) this.#sendFrames(id);
  }

  /** The fleet's rows, commands, incidents, alarms, types. */
  async flushChanges(): Promise<void> {
    if (!this.#mayFlush()) return;
    if (this.#fresh) await this.flushLevels();
    this.#sendRows();
    for (const message of this.#reports.values()) {
      const visible = message(this.viewer.mayShow);
      if (visible !== undefined) this.#sendText(visible);
    }
    this.#reports.clear();
  }

  /** The heads of the pages, and the watched devices with newer signs of life. */
  async flushLevels(): Promise<void> {
    if (!this.#mayFlush()) return;
    this.#fresh = false;
    const mayShow = this.viewer.mayShow && ((id: string): boolean => this.mayShow(id));
    if (this.watched.fleet) this.send({ t: 'counts', ...(await this.#sources.counts(mayShow)) });
    for (const id of this.watched.devices) this.#sendDetails(id);
    if (!this.watched.hub) return;
    const hub = await this.#sources.hub(mayShow);
    this.send({ t: 'hub', ...hub });
  }

  /** Its frames are sent from now on, the last ones first. */
  #look(deviceId: string): void {
    if (this.#framesSent.has(deviceId)) return;
    this.#framesSent.set(deviceId, 0);
    // The hub that was asked first has recorded it.
    if (this.viewer.ofPeer !== true) void this.#sources.frames.looked(this.viewer.requester, deviceId);
  }

  #sendFrames(deviceId: string): void {
    const { frames: source } = this.#sources;
    const sent = this.#framesSent.get(deviceId) ?? 0;
    if (source.newest(deviceId) === sent || !this.mayShow(deviceId)) return;
    const page = source.since(deviceId, sent);
    this.#framesSent.set(deviceId, page.frames.at(-1)?.n ?? 0);
    this.send({ t: 'frames', id: deviceId, ...page });
  }

  #sendText(text: string): void {
    if (this.closed) return;
    this.#counters.messages += 1;
    this.#socket.send(text);
  }

  get #fleetIds(): readonly Set<string>[] {
    return [this.#removed, this.#added, this.#changed, this.#withNewData];
  }

  /** False when it has to wait, or has ended. */
  #mayFlush(): boolean {
    if (this.closed) return false;
    if (!this.viewer.holds()) {
      this.#counters.signedOut += 1;
      this.close(4401, 'the login is over');
      return false;
    }
    const { bufferedBytes } = this.#socket;
    const waiting = this.#fleetIds.reduce((sum, ids) => sum + ids.size, 0);
    if (bufferedBytes > closeBytes || this.#reports.size > reportsKept || waiting > idsKept) {
      this.#counters.closedSlow += 1;
      this.close(1013, 'too slow; come again');
      return false;
    }
    if (bufferedBytes <= mergeBytes) return true;
    this.#counters.merged += 1;
    return false;
  }

  /** Asked each time, because the id may belong to another device by now, at another site. */
  #watches(deviceId: string): boolean {
    return this.watched.devices.has(deviceId) && this.mayShow(deviceId);
  }

  /** What is said of a device comes from the hub that has it, through whichever it was asked. */
  #tellsOf(deviceId: string): boolean {
    const whose = this.#sources.whose(deviceId);
    return this.viewer.ofPeer === true ? whose === 'ours' : whose !== 'others';
  }

  #sendDetails(deviceId: string): void {
    if (!this.#watches(deviceId) || !this.#tellsOf(deviceId)) return;
    const details = this.#sources.details(deviceId);
    if (details === undefined) return;
    const text = JSON.stringify(details);
    if (this.#shown.get(deviceId) === text) return;
    this.#shown.set(deviceId, text);
    this.send({ t: 'device', id: deviceId, details });
  }

  /** Added and removed devices first, then states, then times of data. What does not fit waits for the next message. */
  #sendRows(): void {
    let left = rowsAtOnce;
    const take = (ids: Set<string>): string[] => {
      const taken: string[] = [];
      for (const id of ids) {
        if (left === 0) break;
        left -= 1;
        ids.delete(id);
        taken.push(id);
      }
      return taken;
    };
    const removed = take(this.#removed);
    const added = take(this.#added)
      .map((id) => this.#sources.row(id))
      .filter((row) => row !== undefined);
    for (const id of this.#changed) this.#withNewData.delete(id);
    const devices = [...take(this.#changed), ...take(this.#withNewData)].flatMap((id): RowChange[] => {
      const now = this.#sources.presence(id);
      const isOfOthers = this.viewer.ofPeer === true && !this.#tellsOf(id);
      return now === undefined || isOfOthers ? [] : [[id, now.state, now.sinceMs, now.marks.dataMs ?? null]];
    });
    if (left < rowsAtOnce) this.send({ t: 'fleet', devices, removed, added });
  }
}

/** @returns how many were pushed out */
function keep(kept: Map<string, string[]>, deviceId: string, text: string, limit: number): number {
  const texts = kept.get(deviceId);
  if (texts === undefined) {
    kept.set(deviceId, [text]);
    return 0;
  }
  texts.push(text);
  if (texts.length <= limit) return 0;
  texts.shift();
  return 1;
}
