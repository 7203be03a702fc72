import { cutText } from '../../../../schemas/cut-text.ts';
import { limits } from '../../../../schemas/limits.ts';
import type { DeviceFrame, TwinError } from '../../../../schemas/protocol/device-frames.ts';
import type { DesiredState, NackFrame } from '../../../../schemas/protocol/hub-frames.ts';
import type { Cancel } from '../../../../schemas/time/clock.ts';
import {
  isJsonObject,
  mergePatch,
  wholePatch,
  type JsonObject,
} from '../../../../schemas/twin/merge-patch.ts';
import { loadSlot, saveSlot, type Complain, type HubMemory } from './ports.ts';
import type { Timers } from './timers.ts';

/** What survives a reboot: the revision that the device holds, and what it does because of it. */
export interface KeptTwin {
  rev: number;
  state: JsonObject;
}

/**
 * Applies what is desired. What it throws is reported as the error of the whole state.
 * @param state the whole of it: what it does not name is back at its default
 * @returns what it could not take
 */
export type DesiredHandler = (state: JsonObject) => readonly TwinError[];

interface HeldTwinDeps {
  memory: HubMemory | undefined;
  complain: Complain;
  send: (frame: DeviceFrame) => void;
  clock: Pick<Timers, 'after'>;
  /** How long to wait after this nack, ms. */
  pauseMs: (nack: NackFrame) => number;
}

/**
 * The device's side of its twin. It holds the newest desired state, also over a reboot, and says what holds: always the whole
 * of it, one report at a time, until the hub has the newest one.
 */
export class HeldTwin {
  readonly #deps: HeldTwinDeps;
  #handler: DesiredHandler | undefined;
  #kept: KeptTwin | undefined;
  #errors: readonly TwinError[] = [];
  #reported: JsonObject | undefined;
  /** Everything that was ever reported: what the hub may still have. */
  #seen: JsonObject = {};
  #lastId = 0;
  /** Of the report that is not answered; undefined: none is. */
  #underWay: string | undefined;
  /** What holds is not what the hub has. */
  #owed = false;
  #cancelRetry: Cancel | undefined;

  constructor(deps: HeldTwinDeps) {
    this.#deps = deps;
    const kept = loadSlot(deps.memory, 'twin', isKeptTwin);
    if (kept === 'damaged') deps.complain('the kept desired state is damaged; the hub is asked for it');
    else this.#kept = kept;
  }

  /** For `hello.desiredRev`. */
  get rev(): number | undefined {
    return this.#kept?.rev;
  }

  /** @param handler called at once with what an earlier boot held */
  handle(handler: DesiredHandler): void {
    this.#handler = handler;
    if (this.#kept !== undefined) this.#errors = this.#applied(this.#kept.state);
  }

  desired({ rev, state }: DesiredState): void {
    if (this.#handler === undefined) return;
    this.#errors = this.#applied(state);
    this.#kept = { rev, state };
    // When it is not kept, the next boot names an older revision, and the hub sends this one again.
    void saveSlot(this.#deps.memory, 'twin', this.#kept, this.#deps.complain);
    this.#owe();
  }

  /** This is what holds on the device now. */
  report(state: JsonObject): void {
    this.#reported = state;
    this.#owe();
  }

  /** A session is open: what is not acked is sent again. */
  welcomed(): void {
    // Nobody knows whether it arrived.
    if (this.#underWay !== undefined) this.#owed = true;
    this.#underWay = undefined;
    this.#cancelRetry?.();
    this.#pump();
  }

  /** @returns false when this is no report of ours */
  answered(id: string, nack?: NackFrame): boolean {
    if (id !== this.#underWay) return false;
    this.#underWay = undefined;
    if (nack?.retry === true) {
      this.#owed = true;
      this.#cancelRetry = this.#deps.clock.after(this.#deps.pauseMs(nack), () => this.#pump());
    } else this.#pump();
    return true;
  }

  #applied(state: JsonObject): readonly TwinError[] {
    try {
      const errors = this.#handler?.(state) ?? [];
      return errors.slice(0, limits.errors).map(({ path, message }) => ({
        path: cutText(path, limits.path),
        message: cutText(message, limits.note),
      }));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return [{ path: '', message: cutText(message, limits.note) }];
    }
  }

  #owe(): void {
    this.#owed = true;
    this.#pump();
  }

  #pump(): void {
    if (!this.#owed || this.#underWay !== undefined || this.#reported === undefined) return;
    this.#lastId += 1;
    this.#underWay = `report-${this.#lastId}`;
    this.#owed = false;
    this.#seen = mergePatch(this.#seen, this.#reported);
    this.#deps.send({
      type: 'reported',
      id: this.#underWay,
      patch: wholePatch(this.#seen, this.#reported),
      ...(this.#kept === undefined ? {} : { desiredRev: this.#kept.rev }),
      ...(this.#errors.length === 0 ? {} : { errors: this.#errors }),
    });
  }
}

function isKeptTwin(value: unknown): value is KeptTwin {
  return isJsonObject(value) && Number.isSafeInteger(value['rev']) && isJsonObject(value['state']);
}
