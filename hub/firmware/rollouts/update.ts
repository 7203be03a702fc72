import {
  isSettledUpdate,
  type TroubleKind,
  type UpdateState,
  type UpdateWord,
} from '../../../schemas/firmware/update-states.ts';
import { watchedBetween, type Gap } from './watched-time.ts';

/**
 * The update of one device, as a pure state machine. Time comes in as an argument.
 *
 *   pending ──its wave begins──▶ offered ──▶ downloading ──▶ applying
 *      │                            ▲ │           │             │
 *      │                            │ └───────────┴──────┬──────┘
 *      │                rebooted before it applied       │ runs the version, in another boot
 *      │                            │                    ▼
 *      └─has it already─▶ skipped   └── …             soaking ──well for the soak time──▶ succeeded
 *
 *   offered, downloading, applying ── the device gives up ──▶ failed, rejected
 *   offered, downloading, applying ── deadline ──▶ timed-out
 *   applying, soaking ── runs another version after a reboot ──▶ rolled-back
 *   soaking ── not well in three times the soak time ──▶ failed
 *   pending, offered, downloading ── cancelled ──▶ cancelled; what is being applied goes on
 *
 * What a device says moves it as far as `applying`. Everything after that is a fact: the version and the boot of a `hello`,
 * and that the device stays well. Soak time and deadline count the time in which a hub watched.
 */
export interface Update {
  readonly state: UpdateState;
  /** Since when it is in this state, Unix ms. */
  readonly sinceMs: number;
  /** Why it ended as it did. */
  readonly reason?: string | undefined;
  /** Of the newest `hello`. */
  readonly boot?: string | undefined;
  readonly firmware?: string | undefined;
  /** The newest boot known to run another version than the wanted one. */
  readonly oldBoot?: string | undefined;
  readonly offeredMs?: number | undefined;
  /** It was connected when it was offered, or later. */
  readonly met?: true | undefined;
  /** The readings that it sent in a soak time before that; not given: too few are known. */
  readonly formerReadings?: number | undefined;
  /** What the device said last. */
  readonly said?: UpdateWord | undefined;
  readonly percent?: number | undefined;
  readonly error?: string | undefined;
  /** When it was first seen to run the version, Unix ms. */
  readonly soakedMs?: number | undefined;
  /** Since when it has been well with it; not given while it is not. */
  readonly wellMs?: number | undefined;
  /** The newest ones. */
  readonly troubles: readonly Trouble[];
  /** When its last session ended, Unix ms. */
  readonly leftMs?: number | undefined;
  /** It said that it sleeps when it left. */
  readonly asleep?: boolean | undefined;
  /** It has a session. Not known after a restart of the hub, until its next `hello`. */
  readonly here: boolean;
  /** It is known not to be there: not one that may be back any moment. */
  readonly away?: boolean | undefined;
}

/** Something that a healthy device does not do. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** Unix ms. */
  readonly atMs: number;
}

export interface UpdateRules {
  readonly version: string;
  readonly soakMs: number;
  /** From the offer until the device runs the version. */
  readonly deadlineMs: number;
  /** When no hub watched. */
  readonly gaps: readonly Gap[];
}

export type UpdateEvent =
  | { kind: 'offered'; readings?: number | undefined }
  | { kind: 'hello'; boot: string; firmware?: string | undefined }
  | { kind: 'status'; said: UpdateWord; percent?: number | undefined; error?: string | undefined }
  /** Its session ended. `asleep`: it will be back by itself; `away`: it is known not to be there for now; `atMs`: it was before. */
  | { kind: 'left'; asleep?: boolean; away?: boolean; atMs?: number }
  /** It is offline, and did not say goodbye. */
  | { kind: 'lost' }
  /** It is heard again, in the session that it had. */
  | { kind: 'back' }
  | { kind: 'bad-readings' }
  | { kind: 'fewer-readings' }
  /** The device cannot receive the offer. */
  | { kind: 'unsendable' }
  | { kind: 'cancelled' }
  | { kind: 'removed' }
  | { kind: 'time' };

/** Kept of one device. */
const keptTroubles = 8;
/** A device that is not well for so many soak times has failed. */
const soaksUntilFailed = 3;
/** The same trouble again within this share of the soak time is the same trouble. */
const sameTroubleShare = 0.1;

export function newUpdate(nowMs: number, known: Pick<Update, 'boot' | 'firmware' | 'here' | 'away'>): Update {
  return { ...known, state: 'pending', sinceMs: nowMs, troubles: [] };
}

/** As a hub that has just started knows it. */
export function resumedUpdate(update: Update): Update {
  return { ...update, here: false };
}

/** Whether the device is asked to run the version now; what is being applied is not asked for again once it is cancelled. */
export function isWanted({ state }: Update): boolean {
  return state === 'offered' || state === 'downloading' || state === 'applying';
}

/** It was offered to a device that is away: the offer waits for it, and nobody waits for the device. */
export function waitsForDevice(update: Update): boolean {
  return update.state === 'offered' && update.away === true && !hasBegun(update);
}

/** It has begun, so that it is brought to an end outside the window of the day too. */
export function hasBegun({ state, said }: Update): boolean {
  return state === 'downloading' || state === 'applying' || (state === 'offered' && said !== undefined);
}

/** The update after an event; the same object when it changes nothing. */
export function stepUpdate(update: Update, event: UpdateEvent, rules: UpdateRules, nowMs: number): Update {
  if (isSettledUpdate(update.state)) return update;
  const step = new Step(update, rules, nowMs);
  switch (event.kind) {
    case 'offered':
      return step.offered(event.readings);
    case 'hello':
      return step.hello(event.boot, event.firmware);
    case 'status':
      return step.status(event);
    case 'left': {
      const { asleep = false, away = false, atMs = nowMs } = event;
      return { ...update, here: false, leftMs: atMs, asleep, away };
    }
    case 'lost':
      return step.lost();
    case 'back':
      return step.back();
    case 'bad-readings':
    case 'fewer-readings':
      return step.trouble(event.kind);
    case 'unsendable':
      return isWanted(update) ? step.end('rejected', 'frame-too-long') : update;
    case 'cancelled':
      return step.cancelled();
    case 'removed':
      return step.end('cancelled', 'device-removed');
    case 'time':
      return step.time();
  }
}

class Step {
  readonly #update: Update;
  readonly #rules: UpdateRules;
  readonly #nowMs: number;

  constructor(update: Update, rules: UpdateRules, nowMs: number) {
    this.#update = update;
    this.#rules = rules;
    this.#nowMs = nowMs;
  }

  offered(readings: number | undefined): Update {
    const update = this.#update;
    if (update.state !== 'pending') return update;
    if (update.firmware === this.#rules.version) return this.end('skipped', 'already-there');
    return this.#become('offered', {
      offeredMs: this.#nowMs,
      oldBoot: update.boot,
      met: update.here ? true : undefined,
      formerReadings: readings,
    });
  }

  hello(boot: string, firmware: string | undefined): Update {
    const update = this.#update;
    const { state, oldBoot } = update;
    const hasRebooted = update.boot !== undefined && boot !== update.boot;
    const runs = firmware === this.#rules.version;
    const heard: Partial<Update> = {
      boot,
      firmware,
      here: true,
      asleep: false,
      away: false,
      ...(runs ? {} : { oldBoot: boot }),
      ...(state === 'pending' ? {} : { met: true as const }),
    };
    if (state === 'pending') return this.trouble(hasRebooted ? 'rebooted' : undefined, heard);
    if (state === 'soaking') {
      if (!runs) return this.end('rolled-back', 'runs-another-version', heard);
      if (hasRebooted) return this.trouble('rebooted', heard);
      return { ...update, ...heard, wellMs: update.wellMs ?? this.#nowMs };
    }
    // In the boot in which it ran the old version it cannot run the new one, whatever it says.
    if (runs && boot !== oldBoot)
      return this.#become('soaking', { ...heard, soakedMs: this.#nowMs, wellMs: this.#nowMs });
    if (runs || !hasRebooted) return { ...update, ...heard };
    if (state === 'applying') return this.end('rolled-back', 'runs-another-version', heard);
    return this.#become('offered', { ...heard, said: undefined, percent: undefined });
  }

  status({ said, percent, error }: Extract<UpdateEvent, { kind: 'status' }>): Update {
    const update = this.#update;
    if (update.state === 'pending') return update;
    const heard = { said, percent, ...(error === undefined ? {} : { error }) };
    // From here on facts count.
    if (update.state === 'soaking') return { ...update, ...heard };
    switch (said) {
      case 'waiting':
        return this.#become('offered', heard);
      case 'downloading':
      case 'verifying':
        return this.#become('downloading', heard);
      case 'applying':
        return this.#become('applying', heard);
      case 'succeeded':
        return { ...update, ...heard };
      case 'failed':
      case 'rejected':
        return this.end(said, 'device-says-so', heard);
    }
  }

  lost(): Update {
    const away = { here: false, asleep: false, away: true, leftMs: this.#nowMs };
    return this.trouble('offline', away);
  }

  back(): Update {
    const update = this.#update;
    const wellMs = update.state === 'soaking' ? (update.wellMs ?? this.#nowMs) : update.wellMs;
    return update.here && wellMs === update.wellMs
      ? update
      : { ...update, here: true, asleep: false, away: false, wellMs };
  }

  /** Only of a device that soaks, or that is not updated yet: the others are busy with the update. */
  trouble(kind: TroubleKind | undefined, heard: Partial<Update> = {}): Update {
    const update = this.#update;
    const changed = Object.keys(heard).length === 0 ? update : { ...update, ...heard };
    const { state, troubles } = update;
    if (kind === undefined || (state !== 'pending' && state !== 'soaking')) return changed;
    const sameSinceMs = this.#nowMs - this.#rules.soakMs * sameTroubleShare;
    const isKnown =
      kind.endsWith('-readings') &&
      troubles.some((trouble) => trouble.kind === kind && trouble.atMs > sameSinceMs);
    if (isKnown) return changed;
    const trouble = { kind, atMs: this.#nowMs };
    const wellMs = kind === 'offline' ? undefined : this.#nowMs;
    return {
      ...changed,
      troubles: [...troubles, trouble].slice(-keptTroubles),
      ...(state === 'soaking' ? { wellMs } : {}),
    };
  }

  cancelled(): Update {
    const { state } = this.#update;
    const isBeingApplied = state === 'applying' || state === 'soaking';
    return isBeingApplied ? this.#update : this.end('cancelled', 'rollout-ended');
  }

  time(): Update {
    const update = this.#update;
    const { state, offeredMs = this.#nowMs, soakedMs = this.#nowMs, wellMs, here, asleep } = update;
    const { soakMs, deadlineMs } = this.#rules;
    if (state === 'soaking') {
      const isThere = here || asleep === true;
      if (isThere && wellMs !== undefined && this.#watchedSince(wellMs) >= soakMs)
        return this.end('succeeded', undefined);
      const isLate = this.#watchedSince(soakedMs) >= soakMs * soaksUntilFailed;
      return isLate ? this.end('failed', 'not-well') : update;
    }
    if (state === 'pending' || this.#watchedSince(offeredMs) < deadlineMs) return update;
    return this.end('timed-out', this.#whyLate());
  }

  end(state: UpdateState, reason: string | undefined, heard: Partial<Update> = {}): Update {
    return this.#become(state, { ...heard, reason });
  }

  #watchedSince(fromMs: number): number {
    return watchedBetween(fromMs, this.#nowMs, this.#rules.gaps);
  }

  #whyLate(): string {
    const { met, said, state } = this.#update;
    if (met === undefined) return 'away';
    if (state === 'applying') return 'not-applied';
    return said === undefined ? 'no-answer' : 'not-downloaded';
  }

  #become(state: UpdateState, heard: Partial<Update>): Update {
    const sinceMs = state === this.#update.state ? this.#update.sinceMs : this.#nowMs;
    return { ...this.#update, ...heard, state, sinceMs };
  }
}
