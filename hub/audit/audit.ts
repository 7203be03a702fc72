import type { AuditQuery, AuditRecord } from '../../schemas/api/audit.ts';
import { cutText } from '../../schemas/cut-text.ts';
import type { Requester } from '../../schemas/api/requester.ts';
import type { Log } from '../kernel/log.ts';
import { Shares } from '../kernel/share.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { AuditAction } from './audit-action.ts';

/** An entry that is not in the store yet. */
export interface AuditEntry extends Omit<AuditRecord, 'seq'> {
  action: AuditAction;
}

export const hubItself: Requester = { actor: 'hub', origin: 'hub' };

/** Texts may come from strangers: they are clipped here. */
export type AuditEvent = Omit<AuditEntry, 'timeMs'>;

/** Append-only. Both may reject with HubError `database-failed`. */
export interface AuditStore {
  append(entry: AuditEntry): Promise<void>;
  /** Oldest first. */
  list(query: AuditQuery): Promise<AuditRecord[]>;
}

/** Given to every part that decides something. */
export interface Auditor {
  /** Resolves when the entry is on disk, or when that failed, which is counted and logged. */
  record(event: AuditEvent): Promise<void>;
  /** An entry that another store writes together with its own row; once it has, it calls `noted`. */
  entryOf(event: AuditEvent): AuditEntry;
  /** Entries made by `entryOf` are on disk. */
  noted(count: number): void;
  /** A refusal that anybody can cause: recorded up to a limit per minute, for each source and in all. */
  refused(source: string, event: Omit<AuditEvent, 'outcome'>): void;
}

const maxText = 128;
/** Entries under way to the disk; each actor has as many as are still free, half of them alone. */
const maxPending = 1_000;
const windowMs = 60_000;
/** Recorded of a minute: of strangers, and of accounts, tokens and devices, each of the two kinds. */
const maxRefusals = 300;
const maxRefusalsOfSource = 10;

/** The record of who did what. A flood of refusals must not fill the disk: what is left out is counted. */
export class Audit implements Auditor {
  readonly counters = { recorded: 0, suppressed: 0, failures: 0 };
  readonly #deps: { store: AuditStore; clock: Clock; log: Log };
  readonly #refusals = new Map<string, number>();
  readonly #pending = new Set<Promise<void>>();
  readonly #shares = new Shares(maxPending);
  #windowEndsAt = 0;
  readonly #refusalsInWindow = { strangers: 0, known: 0 };

  constructor(deps: { store: AuditStore; clock: Clock; log: Log }) {
    this.#deps = deps;
  }

  async record(event: AuditEvent): Promise<void> {
    const { actor } = event;
    if (!this.#shares.hasRoom(actor)) {
      this.counters.suppressed += 1;
      return;
    }
    const writing = this.#write(event);
    this.#pending.add(writing);
    this.#shares.take(actor);
    await writing;
    this.#pending.delete(writing);
    this.#shares.release(actor);
  }

  refused(source: string, event: Omit<AuditEvent, 'outcome'>): void {
    const now = this.#deps.clock.monotonic();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + windowMs;
      Object.assign(this.#refusalsInWindow, { strangers: 0, known: 0 });
      this.#refusals.clear();
    }
    const kind = event.actor.startsWith('address:') ? 'strangers' : 'known';
    const ofSource = this.#refusals.get(source) ?? 0;
    if (this.#refusalsInWindow[kind] >= maxRefusals || ofSource >= maxRefusalsOfSource) {
      this.counters.suppressed += 1;
      return;
    }
    this.#refusalsInWindow[kind] += 1;
    this.#refusals.set(source, ofSource + 1);
    void this.record({ ...event, outcome: 'refused' });
  }

  entryOf(event: AuditEvent): AuditEntry {
    const { actor, subject } = event;
    return { ...event, actor: clip(actor), subject: clip(subject), timeMs: this.#deps.clock.now() };
  }

  noted(count: number): void {
    this.counters.recorded += count;
  }

  list(query: AuditQuery): Promise<AuditRecord[]> {
    return this.#deps.store.list(query);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #write(event: AuditEvent): Promise<void> {
    const { store, log } = this.#deps;
    const entry = this.entryOf(event);
    try {
      await store.append(entry);
      this.counters.recorded += 1;
    } catch (error) {
      this.counters.failures += 1;
      log.error({ err: error, action: event.action, subject: entry.subject }, 'audit entry not written');
    }
  }
}

function clip(text: string): string {
  return text.length <= maxText ? text : `${cutText(text, maxText - 1)}…`;
}
