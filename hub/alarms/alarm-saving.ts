import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Alarm } from './alarm.ts';
import {
  alarmKey,
  type AlarmName,
  type AlarmRow,
  type AlarmSaved,
  type AlarmStore,
  type StoredAlarm,
} from './alarm-store.ts';
import type { WebhookDelivery } from './webhook-store.ts';

/** What happens to an alarm. @returns undefined: nothing changes */
export type AlarmStep = (alarm: Alarm | undefined) => Alarm | undefined;
/** The last step of each kind, in the order in which they were taken. */
export type AlarmSteps = ReadonlyMap<string, AlarmStep>;

interface Deps {
  log: Log;
  store: AlarmStore;
  /** A change is on disk, or the disk does not take it; undefined: the alarm is no longer kept. */
  saved: (name: AlarmName, row: AlarmRow | undefined) => void;
  /** Another hub was first: the steps are to be taken again, from what that one has made. */
  overtaken: (name: AlarmName, now: AlarmRow | undefined, steps: AlarmSteps) => void;
  /** What webhooks are owed for changes that are on disk, or that the disk does not take. */
  owe: (deliveries: readonly WebhookDelivery[], where: 'on-disk' | 'here-alone') => void;
}

/** In one transaction. */
const mostAtOnce = 1_000;

interface Change {
  name: AlarmName;
  row: AlarmRow | undefined;
  /** That made this row, since the last one that came to disk. */
  steps: AlarmSteps;
  deliveries: readonly WebhookDelivery[];
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
  /** Where several hubs share them: the change of each alarm that this hub knows. */
  readonly #revs = new Map<string, number>();
  /** Those that have come to disk, or are on their way, since `beginReading`. */
  #touched: Set<string> | undefined;
  #underWay: ReadonlySet<string> = new Set();
  #saving: Promise<boolean> | undefined;
  /** The disk did not take the last ones: the next attempt is `retry`, or each reported change would be one. */
  #refused = false;
  /** Changes that the disk did not take, each time. */
  failures = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @param steps the last one of each kind that made the row of what is on disk; not given: none is to be taken again */
  put(
    name: AlarmName,
    row: AlarmRow | undefined,
    {
      steps = noSteps,
      deliveries = [],
    }: { steps?: AlarmSteps; deliveries?: readonly WebhookDelivery[] } = {},
  ): void {
    const key = alarmKey(name);
    const before = this.#changes.get(key);
    this.#changes.set(key, {
      name,
      row,
      steps: row === undefined ? noSteps : joined(before?.steps, steps),
      deliveries: [...(before?.deliveries ?? []), ...deliveries],
      failures: 0,
    });
    if (!this.#refused) this.#start();
  }

  /** What another hub has made of alarms is about to be read. */
  beginReading(): void {
    this.#touched = new Set([...this.#underWay, ...this.#changes.keys()]);
  }

  /**
   * Whether it is news. Not if this hub has just changed the alarm: then it is told by `overtaken`, or read once more.
   * @param now undefined: it is not kept any more
   */
  learn(name: AlarmName, now: StoredAlarm | undefined): boolean {
    const key = alarmKey(name);
    if (this.#touched?.has(key) === true || this.#changes.has(key)) return false;
    const known = this.#revs.get(key);
    if (now?.rev !== undefined && known !== undefined && now.rev <= known) return false;
    this.#know(key, now?.rev);
    return true;
  }

  /** Tries again what the disk did not take. To be called about once a second. */
  retry(): void {
    if (this.#changes.size > 0) this.#start();
  }

  /** Resolves when every change so far is on disk; false: the disk does not take them. */
  async settled(): Promise<boolean> {
    let taken = true;
    this.retry();
    while (this.#saving !== undefined) taken = await this.#saving;
    return taken;
  }

  #know(key: string, rev: number | undefined): void {
    if (rev === undefined) this.#revs.delete(key);
    else this.#revs.set(key, rev);
  }

  #start(): void {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  async #save(): Promise<boolean> {
    // In a turn of its own, so that what changes in one turn is one transaction.
    await Promise.resolve();
    while (this.#changes.size > 0) {
      const changes = [...this.#changes].slice(0, mostAtOnce);
      for (const [key] of changes) {
        this.#changes.delete(key);
        this.#touched?.add(key);
      }
      this.#underWay = new Set(changes.map(([key]) => key));
      let became: AlarmSaved[];
      try {
        const asked = changes.map(([key, change]) => ({ ...change, from: this.#revs.get(key) }));
        became = await this.#deps.store.save(asked);
      } catch (error) {
        this.#refuse(changes, messageOf(error));
        return false;
      } finally {
        this.#underWay = new Set();
      }
      this.#refused = false;
      for (const [at, [key, change]] of changes.entries()) this.#came(key, change, became[at]);
    }
    return true;
  }

  #refuse(changes: readonly (readonly [string, Change])[], reason: string): void {
    const { log, saved, owe } = this.#deps;
    this.#refused = true;
    this.failures += changes.length;
    log.error({ reason, changes: changes.length }, 'alarms not saved');
    for (const [key, change] of changes) {
      if (change.failures === 0) saved(change.name, change.row);
      const newer = this.#changes.get(key);
      // A newer change may wait by now.
      if (newer?.row !== undefined) newer.steps = joined(change.steps, newer.steps);
      else if (newer === undefined)
        this.#changes.set(key, { ...change, deliveries: [], failures: change.failures + 1 });
    }
    owe(
      changes.flatMap(([, { deliveries }]) => deliveries),
      'here-alone',
    );
  }

  #came(
    key: string,
    { name, row, steps, deliveries, failures }: Change,
    became: AlarmSaved | undefined,
  ): void {
    const { saved, overtaken, owe } = this.#deps;
    switch (became?.kind) {
      case 'saved':
        this.#know(key, row === undefined ? undefined : became.rev);
        owe(deliveries, 'on-disk');
        if (failures === 0) saved(name, row);
        return;
      case 'overtaken': {
        this.#know(key, became.now?.rev);
        const newer = this.#changes.get(key);
        this.#changes.delete(key);
        const isDropped = newer !== undefined && newer.row === undefined;
        overtaken(name, became.now?.row, isDropped ? noSteps : joined(steps, newer?.steps));
        return;
      }
      case 'not-kept':
      case undefined:
        this.#know(key, undefined);
    }
  }
}

const noSteps: AlarmSteps = new Map();

function joined(first: AlarmSteps = noSteps, then: AlarmSteps = noSteps): AlarmSteps {
  const steps = new Map(first);
  for (const [kind, step] of then) {
    // The last one goes to the end.
    steps.delete(kind);
    steps.set(kind, step);
  }
  return steps;
}
