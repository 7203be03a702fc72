import type { Credential } from './credentials.ts';
import type { AnchoredBoot } from './unseen-boots.ts';

export interface DeviceRecord {
  id: string;
  /** `env-sensor@1`: the type it was registered with; a session may use another version of it. */
  type: string;
  /** Tag of every point of the device; fixed for life. */
  site: string;
  /** Replaced as a whole, never changed in place. */
  credentials: readonly Credential[];
  /** Unix ms. */
  createdMs: number;
  disabled: boolean;
  /** Key-value pairs for selectors; none when not given. */
  labels?: Readonly<Record<string, string>>;
  /** Its secret is to be changed: since when, Unix ms. */
  rotationDueMs?: number;
  /** Of its newest session; 0 before the first. A device that was removed and registered again continues above its old one. */
  epoch: number;
  /** It has had a session since it was registered; absent: not yet. */
  connectedBefore?: true;
  /** The enrolment that registered it; absent: an operator did. */
  enrolmentId?: string | undefined;
}

export interface SessionOpening {
  deviceId: string;
  boot: string;
  /** The device's uptime at its hello, ms. */
  uptimeMs: number;
  /** Boots that ended without a session; those that have an anchor keep it. */
  unseenBoots?: readonly AnchoredBoot[];
  /** The hub's clock at the same moment, Unix ms; absent while it is doubted: no anchor is made. */
  nowMs?: number;
}

export interface StoredOpening {
  epoch: number;
  /** Hub time (Unix ms) at uptime 0 of every boot that has an anchor, by the boot's name. */
  anchors: ReadonlyMap<string, number>;
  /** Further anchors of these boots, by rising uptime. */
  steps: readonly AnchorStep[];
  /** How many boots that ended without a session have got an anchor now; absent: none. */
  unseenBoots?: number;
  /** The device came from somewhere else; absent: it did not. */
  move?: DeviceMove;
}

/** What came with a device that had been another hub's, or an earlier start's of this one. */
export interface DeviceMove {
  /** The hub whose device it was until now, and which may not know yet; absent: it has ended, or there was none. */
  from?: string;
  /** Commands that are open, or whose answer is owed. */
  commands: number;
}

export type Opened =
  | ({ kind: 'opened' } & StoredOpening)
  /** This hub may open no session now, and nothing was written: the device asks again, and perhaps another hub. */
  | { kind: 'not-ours' };

/** From this uptime of the boot on, another anchor applies, because the device's clock drifts. */
export interface AnchorStep {
  boot: string;
  /** Uptime, ms. */
  fromMs: number;
  /** Hub time at uptime 0, Unix ms, as calculated from then on. */
  anchorMs: number;
}

/** Devices that another hub has added, changed or removed. */
export interface DeviceNews {
  /**
   * Since the call before, perhaps some of them again; none at the first call.
   * @returns id → the record as it is now; undefined: it is not registered
   * @throws HubError `database-failed`
   */
  changed(): Promise<ReadonlyMap<string, DeviceRecord | undefined>>;
}

/** Devices, their epochs and the anchors of their boots. Every method may reject with HubError `database-failed`. */
export interface DeviceStore {
  load(): Promise<DeviceRecord[]>;
  /**
   * Adds all or none, and ignores the `epoch` of a record. A device that had been removed before gets one above its old
   * epoch; otherwise consumers would take its news for stale.
   * @returns the epochs of those that had been removed
   * @throws HubError `device-exists`, `details.ids` has the ids that are taken or given twice
   */
  add(records: readonly DeviceRecord[]): Promise<ReadonlyMap<string, number>>;
  /** Deletes the device, its boots and its presence, but not its epoch, and records the removal. @throws HubError `device-unknown` */
  remove(id: string): Promise<void>;
  /**
   * Writes what may change of a record: credentials, `disabled`, `labels`, `rotationDueMs`.
   * @param known as it was last read
   * @param change is given `known` or, when another hub has changed the device since, what is on disk now; perhaps several times
   * @returns what `change` made of it
   * @throws HubError `device-unknown`
   */
  change(known: DeviceRecord, change: (now: DeviceRecord) => DeviceRecord): Promise<DeviceRecord>;
  /**
   * Raises the device's epoch by 1 and fixes the anchor (hub time at uptime 0, Unix ms) of its boot, both
   * synced in one transaction. A boot seen before keeps its anchor, so that a repeated reading gets the same
   * time, unless the uptime has gone backwards: then it is a new boot under an old name. Those of `unseenBoots`
   * that have no anchor get the given one.
   */
  openSession(opening: SessionOpening): Promise<Opened>;
  /** The boots of the device that have an anchor. */
  anchoredBoots(deviceId: string): Promise<AnchoredBoot[]>;
  /** Adds a further anchor; synced when it resolves. */
  addAnchorStep(deviceId: string, step: AnchorStep): Promise<void>;
  /** The uptime this boot is known to have reached. A hello below it comes from another boot. */
  noteUptime(deviceId: string, boot: string, uptimeMs: number): Promise<void>;
}
