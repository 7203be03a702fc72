import type { BooksView } from './books-flow.ts';

/** What `GET /api/v1/hub` tells; times are Unix ms. */
export interface HubView {
  readonly name: string;
  readonly version: string;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly hubId: string;
  readonly incarnation: string;
  readonly devices: { readonly total: number; readonly byState: Readonly<Record<string, number>> };
  readonly sessions: number;
  readonly messagesPerSec: number;
  readonly storedPerSec: number;
  readonly books: BooksView;
  /** `fill`: share of the buffer that is taken, 0 to 1. */
  readonly writer: { readonly lines: number; readonly fill: number };
  /** Sizes in characters. */
  readonly spool: {
    readonly lines: number;
    readonly size: number;
    readonly maxSize: number;
    readonly deadLetters: number;
    readonly oldestMs: number | null;
    /** Why the spool itself takes nothing now. */
    readonly fault?: string;
  };
  /** `share`: of the time in which the event loop was busy, 0 to 1. */
  readonly eventLoop: {
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
    readonly share: number;
  };
  readonly store: PartView;
  readonly bus: PartView & { readonly queued: number };
  /** By close code. */
  readonly closes: Readonly<Record<string, number>>;
  readonly commands: { readonly open: number; readonly byStatus: Readonly<Record<string, number>> };
  readonly memory: { readonly rssBytes: number };
}

/** A system the hub rests on. */
export interface PartView {
  readonly name: string;
  readonly up: boolean;
  readonly reason?: string;
}
