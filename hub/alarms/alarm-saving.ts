import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Delivery } from './webhook-store.ts';
import type { AlarmName, AlarmRow, AlarmStore } from './alarm-store.ts';

interface Deps {
  log: Log;
  store: AlarmStore;
  /** A change is on disk, or the disk does not take it; undefined: the alarm is no longer kept. */
  saved: (name: AlarmName, row: AlarmRow | undefined) => void;
  /** What webhooks are owed for changes that are on disk, or that the disk does not take. */
  owe: (deliveries: readonly Delivery[]) => void;
}

/** In one transaction. */
const mostAtOnce = 1_000;

interface Change {
  name: AlarmName;
  row: AlarmRow | undefined;
  deliveries: readonly Delivery[];
  /** How many times the disk has not taken it. */
  failures: number;
}

/**
 * Writes each change of an alarm to disk, and only then reports it: what was published as raised is also there after a
 * restart. Of an alarm that changes faster than the disk takes it, the newest state is written. What the disk does not
 * take is reported all the same, once, and stays to be written.
 */
export class AlarmSaving {
  readonly #deps: Deps;
  readonly #changes = new Map<string, Change>();
  #saving: Promise<boolean> | undefined;
  /** Changes that the disk did not take, each time. */
  failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  put(name: AlarmName, row: AlarmRow | undefined, deliveries: readonly Delivery[] = []): void {
    const key = `${name.device} ${name.source}`;
    const owed = [...(this.#changes.get(key)?.deliveries ?? []), ...deliveries];
    this.#changes.set(key, { name, row, deliveries: owed, failures: 0 });
    this.#start();
  }

  /** Tries again what the disk did not take. To be called about once a second. */
  retry(): void {
    if (this.#changes.size > 0) this.#start();
  }

  /** Resolves when every change so far is on disk; false: the disk does not take them. */
  async settled(): Promise<boolean> {
    let taken = true;
    while (this.#saving !== undefined) taken = await this.#saving;
    return taken;
  }

  #start(): void {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  async #save(): Promise<boolean> {
    const { log, store, saved, owe } = this.#deps;
    // In a turn of its own, so that what changes in one turn is one transaction.
    await Promise.resolve();
    while (this.#changes.size > 0) {
      const changes = [...this.#changes].slice(0, mostAtOnce);
      for (const [key] of changes) this.#changes.delete(key);
      const rows = changes.flatMap(([, { row }]) => row ?? []);
      const dropped = changes.flatMap(([, { name, row }]) => (row === undefined ? [name] : []));
      const deliveries = changes.flatMap(([, change]) => change.deliveries);
      try {
        await store.save(rows, dropped, deliveries);
      } catch (error) {
        this.failures += changes.length;
        log.error({ reason: messageOf(error), changes: changes.length }, 'alarms not saved');
        for (const [key, change] of changes) {
          if (change.failures === 0) saved(change.name, change.row);
          // A newer change may wait by now.
          if (this.#changes.has(key)) continue;
          this.#changes.set(key, { ...change, deliveries: [], failures: change.failures + 1 });
        }
        owe(deliveries);
        return false;
      }
      owe(deliveries);
      for (const [, { name, row, failures }] of changes) if (failures === 0) saved(name, row);
    }
    return true;
  }
}
