import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { AlarmFollower } from './alarm-follower.ts';
import type { AlarmNewsStore } from './alarm-store.ts';
import type { Alarms } from './alarms.ts';
import type { Silences } from './silences.ts';
import type { Webhooks } from './webhooks.ts';

interface Deps {
  clock: Clock;
  log: Log;
  store: AlarmNewsStore;
  alarms: Alarms;
  silences: Silences;
  webhooks: Webhooks;
  /** A hint to all other hubs that alarms were changed. */
  writeChanged: () => void;
}

/** Of many changes, one hint is written, ms. */
const hintMs = 50;

/** Alarms, silences and webhooks that other hubs have changed. */
export class SharedAlarms implements AlarmFollower {
  readonly #deps: Deps;
  #reading: Promise<void> | undefined;
  #again = false;
  #hint: Cancel | undefined;
  /** To be read, because there are others. */
  readonly #due = { silences: true, webhooks: true };

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  alarmChanged(): void {
    const { clock, writeChanged } = this.#deps;
    this.#hint ??= clock.after(hintMs, () => {
      this.#hint = undefined;
      writeChanged();
    });
  }

  close(): void {
    this.#hint?.();
  }

  /** Reads what there is. To be called about once a second, and when another hub says that it has changed something. */
  readNews(): Promise<void> {
    this.#again = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#read();
      } catch (error) {
        this.#deps.log.debug({ reason: messageOf(error) }, 'alarms of other hubs cannot be read now');
      }
    }
  }

  async #read(): Promise<void> {
    const { store, alarms, silences, webhooks } = this.#deps;
    alarms.beginReading();
    const news = await store.changed();
    this.#due.silences ||= news.silences;
    this.#due.webhooks ||= news.webhooks;
    alarms.learn(news.alarms);
    if (this.#due.silences) await silences.refresh();
    this.#due.silences = false;
    if (this.#due.webhooks) await webhooks.refresh();
    this.#due.webhooks = false;
  }
}
