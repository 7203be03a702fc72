import type { NewSilence, Silence } from '../../schemas/api/alarms.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import { lastTimeMs } from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Auditor } from '../audit/audit.ts';
import { HubError, invalidInput, messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import { demandRoom } from '../kernel/share.ts';
import { parseSelector, selects, type Selectable, type Selector } from '../registry/selector.ts';
import type { MayShow } from '../registry/visibility.ts';
import type { SilenceStore } from './alarm-store.ts';

interface Deps {
  clock: Clock;
  log: Log;
  audit: Auditor;
  store: SilenceStore;
  recordOf: (device: string) => Selectable | undefined;
  /** Twelve random hexadecimal digits: a command line takes none for an option. */
  newId: () => string;
}

/** One person or program may have as many as are still free. */
const maxSilences = 1_000;

interface Entry {
  readonly silence: Silence;
  readonly selector: Selector;
}

/** Times in which the alarms of some devices are not published. */
export class Silences {
  readonly #deps: Deps;
  readonly #all = new Map<string, Entry>();
  /** Those whose time it is. */
  #active: Entry[] = [];
  /** How often they were changed here. */
  #edits = 0;
  readonly #followers: (() => void)[] = [];

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** @param follower called when other devices are silenced than before */
  follow(follower: () => void): void {
    this.#followers.push(follower);
  }

  /** @throws HubError `database-failed` */
  async load(): Promise<void> {
    for (const silence of await this.#deps.store.load()) this.#keep(silence);
    this.#activate();
  }

  /** Another hub has changed them. @throws HubError `database-failed` */
  async refresh(): Promise<void> {
    const edits = this.#edits;
    const silences = await this.#deps.store.load();
    // What was changed here meanwhile may not have been read: it is told of, too.
    if (edits !== this.#edits) return;
    const ids = new Set(silences.map(({ id }) => id));
    for (const id of this.#all.keys()) if (!ids.has(id)) this.#all.delete(id);
    for (const silence of silences) if (!this.#all.has(silence.id)) this.#keep(silence);
    this.sweep();
  }

  get count(): number {
    return this.#active.length;
  }

  /** Whether the alarms of this device are silenced now. */
  covers(device: string): boolean {
    if (this.#active.length === 0) return false;
    const record = this.#deps.recordOf(device);
    return record !== undefined && this.#active.some(({ selector }) => selects(selector, record));
  }

  /** Those that have not ended, the one that ends first comes first. */
  list(mayShow?: MayShow): Silence[] {
    const nowMs = this.#deps.clock.now();
    return [...this.#all.values()]
      .filter(({ silence, selector }) => silence.untilMs > nowMs && isVisible(selector, mayShow))
      .map(({ silence }) => silence)
      .toSorted((a, b) => a.untilMs - b.untilMs);
  }

  /** @throws HubError `input-invalid` · `database-failed` */
  async add({ to, fromMs, untilMs, reason }: NewSilence, requester: Requester): Promise<Silence> {
    const { clock, store, newId, audit } = this.#deps;
    const { actor } = requester;
    parseSelector(to);
    const createdMs = clock.now();
    const actors = [...this.#all.values()].map(({ silence }) => silence.actor);
    demandRoom(actor, actors, { things: 'silences', room: maxSilences });
    const begins = fromMs ?? createdMs;
    if (untilMs <= Math.max(begins, createdMs) || untilMs > lastTimeMs)
      throw invalidInput({
        path: '/untilMs',
        keyword: 'minimum',
        expected: 'a time after now and after fromMs',
        got: String(untilMs),
      });
    const silence = { id: `s-${newId()}`, to, fromMs: begins, untilMs, reason, actor, createdMs };
    this.#edits += 1;
    await store.save(silence);
    this.#edits += 1;
    this.#keep(silence);
    this.sweep();
    const details = { id: silence.id, fromMs: begins, untilMs, reason };
    await audit.record({ ...requester, action: 'silence.add', subject: to, outcome: 'done', details });
    return silence;
  }

  /** @throws HubError `silence-unknown` · `database-failed` */
  async remove(id: string): Promise<void> {
    if (!this.#all.has(id)) throw new HubError('silence-unknown', id);
    await this.#deps.store.remove([id]);
    this.#edits += 1;
    this.#all.delete(id);
    this.sweep();
  }

  /** Begins and ends those whose time has come. To be called about once a second. */
  sweep(): void {
    const before = this.#active;
    this.#activate();
    const isSame =
      before.length === this.#active.length && before.every((entry, at) => entry === this.#active[at]);
    if (!isSame) for (const follower of this.#followers) follower();
  }

  /** Forgets those that ended. To be called now and then. */
  async prune(): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const ended = [...this.#all.values()].filter(({ silence }) => silence.untilMs <= nowMs);
    if (ended.length === 0) return;
    const ids = ended.map(({ silence }) => silence.id);
    for (const id of ids) this.#all.delete(id);
    await this.#deps.store.remove(ids).catch((error: unknown) => {
      // Those that are left end again at the next start.
      this.#deps.log.warn({ reason: messageOf(error), count: ids.length }, 'ended silences not removed');
    });
  }

  #keep(silence: Silence): void {
    this.#all.set(silence.id, { silence, selector: parseSelector(silence.to) });
  }

  #activate(): void {
    const nowMs = this.#deps.clock.now();
    this.#active = [...this.#all.values()].filter(
      ({ silence }) => silence.fromMs <= nowMs && nowMs < silence.untilMs,
    );
  }
}

/** A selector names labels and sites, so whoever may see some devices is shown those of a single one. */
function isVisible(selector: Selector, mayShow: MayShow | undefined): boolean {
  return mayShow === undefined || (selector.kind === 'device' && mayShow(selector.id));
}
