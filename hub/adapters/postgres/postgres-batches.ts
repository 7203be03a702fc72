import { setTimeout as afterMs } from 'node:timers/promises';
import { HubError } from '../../kernel/errors.ts';

export interface BatchOptions<Item, Result> {
  /** Runs the items in one statement. @returns a result for each, in their order */
  run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items of one lane run in their order. */
  laneOf: (item: Item) => string;
  /** Items in one statement. Default 50. */
  maxItems?: number;
  /** Items that wait or are under way before further ones are refused. Default 10,000. */
  maxOutstanding?: number;
  /** Resolves after this many ms. Default: a timer. */
  rest?: (ms: number) => Promise<unknown>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** The longest rest of a lane, ms. */
const maxRestMs = 10;

/** Two statements under way keep the server busy while one travels; more would make the batches smaller. */
const lanes = 2;

/**
 * Items that wait while a statement is under way go into the next statement together. So a storm shares commits, and a
 * single caller waits for nobody. After a statement its lane rests for as long as the statement took: the slower the server,
 * the more items share the next statement. A refused batch is tried again item by item, so that only the faulty item fails.
 */
export class PostgresBatches<Item, Result> {
  readonly #options: BatchOptions<Item, Result>;
  readonly #full: (outstanding: number) => HubError;
  readonly #lanes: { waiting: Waiting<Item, Result>[]; busy: boolean }[];
  #outstanding = 0;

  /** @param full makes the error for an item when there is no room */
  constructor(options: BatchOptions<Item, Result>, full: (outstanding: number) => HubError) {
    this.#options = options;
    this.#full = full;
    this.#lanes = Array.from({ length: lanes }, () => ({ waiting: [], busy: false }));
  }

  add(item: Item): Promise<Result> {
    const { laneOf, maxOutstanding = 10_000 } = this.#options;
    if (this.#outstanding >= maxOutstanding) return Promise.reject(this.#full(this.#outstanding));
    this.#outstanding += 1;
    const at = hashOf(laneOf(item)) % lanes;
    return new Promise((resolve, reject) => {
      this.#lanes[at]?.waiting.push({ item, resolve, reject });
      void this.#pump(at);
    });
  }

  async #pump(at: number): Promise<void> {
    const lane = this.#lanes[at];
    if (lane === undefined || lane.busy) return;
    lane.busy = true;
    const { maxItems = 50, rest = afterMs } = this.#options;
    // Items of the same turn of the event loop go together.
    await Promise.resolve();
    while (lane.waiting.length > 0) {
      const batch = lane.waiting.splice(0, maxItems);
      const fromMs = performance.now();
      await this.#settle(batch);
      this.#outstanding -= batch.length;
      const restMs = Math.floor(Math.min(performance.now() - fromMs, maxRestMs));
      if (restMs > 0 && lane.waiting.length < maxItems) await rest(restMs);
    }
    lane.busy = false;
  }

  async #settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.run(batch.map(({ item }) => item));
      if (results.length !== batch.length)
        throw new Error(`${results.length} results of ${batch.length} items`);
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      const refused = error instanceof HubError && error.details['reason'] === 'postgres';
      if (batch.length === 1 || !refused) for (const { reject } of batch) reject(error);
      else for (const each of batch) await this.#settle([each]);
    }
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01_00_01_93);
  return hash >>> 0;
}
