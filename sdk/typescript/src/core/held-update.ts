import { cutText } from '../../../../schemas/cut-text.ts';
import type { UpdateWord } from '../../../../schemas/firmware/update-states.ts';
import { limits } from '../../../../schemas/limits.ts';
import type { DeviceFrame, UpdateStatusFrame } from '../../../../schemas/protocol/device-frames.ts';
import type { HubFrame, NackFrame, OfferedUpdate } from '../../../../schemas/protocol/hub-frames.ts';
import type { Cancel } from '../../../../schemas/time/clock.ts';
import type { Timers } from './timers.ts';

/** How far an update is, beside the word for it. */
export interface UpdateDetails {
  percent?: number;
  /** Why it failed or is rejected. */
  error?: string;
}

interface HeldUpdateDeps {
  send: (frame: DeviceFrame) => void;
  clock: Pick<Timers, 'after'>;
  /** How long to wait after this nack, ms. */
  pauseMs: (nack: NackFrame) => number;
}

/** The firmware that the device should run, and what it says of it: the newest word, again and again until the hub has it. */
export class HeldUpdate {
  readonly #deps: HeldUpdateDeps;
  #wanted: OfferedUpdate | undefined;
  /** The newest word that the hub does not have. */
  #owed: UpdateStatusFrame | undefined;
  #underWay: UpdateStatusFrame | undefined;
  #cancelRetry: Cancel | undefined;

  constructor(deps: HeldUpdateDeps) {
    this.#deps = deps;
  }

  /** @returns what the device should run now; undefined: the hub wants nothing */
  wanted(said: OfferedUpdate | Extract<HubFrame, { type: 'update' }> | undefined): OfferedUpdate | undefined {
    const update = said === undefined || 'cancelled' in said ? undefined : said;
    if (update?.id !== this.#wanted?.id) {
      this.#owed = undefined;
      this.#underWay = undefined;
    }
    this.#wanted = update;
    return update;
  }

  /** @returns false when no update is wanted of this device */
  say(state: UpdateWord, { percent, error }: UpdateDetails): boolean {
    if (this.#wanted === undefined) return false;
    this.#owed = {
      type: 'update-status',
      re: this.#wanted.id,
      state,
      ...(percent === undefined ? {} : { percent: Math.min(Math.max(percent, 0), 100) }),
      ...(error === undefined ? {} : { error: cutText(error, limits.errorText) }),
    };
    this.#pump();
    return true;
  }

  /** The hub has everything that was said. */
  get isTold(): boolean {
    return this.#owed === undefined && this.#underWay === undefined;
  }

  /** A session is open: what is not acked is said again. @param update of its welcome */
  welcomed(update: OfferedUpdate | undefined): void {
    this.wanted(update);
    this.#owed ??= this.#underWay;
    this.#underWay = undefined;
    this.#cancelRetry?.();
    this.#pump();
  }

  /** @returns false when this is no word of ours */
  answered(id: string, nack?: NackFrame): boolean {
    if (id !== this.#underWay?.re) return false;
    if (nack?.retry === true) {
      this.#owed ??= this.#underWay;
      this.#underWay = undefined;
      this.#cancelRetry = this.#deps.clock.after(this.#deps.pauseMs(nack), () => this.#pump());
    } else {
      this.#underWay = undefined;
      this.#pump();
    }
    return true;
  }

  #pump(): void {
    if (this.#owed === undefined || this.#underWay !== undefined) return;
    this.#underWay = this.#owed;
    this.#owed = undefined;
    this.#deps.send(this.#underWay);
  }
}
