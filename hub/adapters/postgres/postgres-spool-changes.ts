import { setTimeout as afterMs } from 'node:timers/promises';
import { HubError } from '../../kernel/errors.ts';
import type { PostgresOwner } from './postgres-owner.ts';
import type { PgQuery, PgRow, Postgres } from './postgres.ts';

/** How long a change whose fate is unknown waits until PostgreSQL is asked again, ms. */
const askAgainMs = 500;

/**
 * For a statement that adds rows, with the owner as $1 and $2 and the number of the change as $3: one row when it may, and none when
 * the change came too late.
 */
export const mayAdd =
  'mine AS (UPDATE spool_owner SET added = $3 WHERE hub = $1 AND inc = $2 AND added < $3 RETURNING hub, inc)';

/**
 * The changes that one start of a hub makes to its part of the spool, so that a connection that breaks during a commit leaves no doubt.
 * Each has a number that the row of the owner takes on in the same commit. The row tells whether the change was made; and one that
 * is still on its way finds a higher number, and is rolled back. Without a row the hub was declared dead, and another has its part.
 *
 * What adds is refused when its fate is unknown, and taken back before the next of its kind: who wants a reading kept must not wait for
 * PostgreSQL, because InfluxDB may be back first. Until then nobody here reads it. What takes away waits until its fate is known.
 */
export class SpoolChanges {
  readonly #db: Postgres;
  readonly #owner: readonly [string, number];
  readonly #adds = new Turns();
  readonly #takes = new Turns();
  #added = 0;
  #taken = 0;
  #doubtful = false;
  #adding = false;
  readonly #over = new AbortController();

  constructor(db: Postgres, { hub, incarnation }: PostgresOwner) {
    this.#db = db;
    this.#owner = [hub, incarnation];
  }

  async begin(): Promise<void> {
    await this.#db.query(
      'INSERT INTO spool_owner (hub, inc) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      this.#owner,
    );
  }

  /** Unless it holds something: then another hub takes that over, and ends this part. */
  async end(): Promise<void> {
    this.#over.abort();
    await endPart(this.#db.query.bind(this.#db), this.#owner);
  }

  /** Waits no longer for what became of a change. */
  giveUp(): void {
    this.#over.abort();
  }

  /** The number of a change that may have been made and does not count yet; 0: none. */
  get unknown(): number {
    return this.#adding || this.#doubtful ? this.#added : 0;
  }

  /** @param insert runs a statement with `mayAdd`; resolves with a row at least when it did */
  add(insert: (change: number) => Promise<readonly PgRow[]>): Promise<void> {
    return this.#adds.run(async () => {
      if (this.#doubtful) await this.#takeBack();
      this.#added += 1;
      this.#adding = true;
      try {
        if ((await insert(this.#added)).length === 0) throw notOurs();
      } catch (error) {
        this.#doubtful = reasonOf(error) === 'connection-lost';
        throw error;
      } finally {
        this.#adding = false;
      }
    });
  }

  /** Several statements, all or nothing. @param work its result must survive JSON */
  take<Result>(work: (query: PgQuery) => Promise<Result>): Promise<Result> {
    return this.#takes.run(async () => {
      this.#taken += 1;
      const change = this.#taken;
      try {
        return await this.#db.transaction(async (query) => {
          const result = await work(query);
          const mine = await query(
            'UPDATE spool_owner SET taken = $3, outcome = $4 WHERE hub = $1 AND inc = $2 AND taken < $3 RETURNING hub',
            [...this.#owner, change, JSON.stringify(result ?? null)],
          );
          if (mine.length === 0) throw notOurs();
          return result;
        });
      } catch (error) {
        if (reasonOf(error) !== 'connection-lost') throw error;
        return await this.#outcomeOf<Result>(change, error);
      }
    });
  }

  async #takeBack(): Promise<void> {
    const change = [...this.#owner, this.#added];
    // Waits for the change if it is still under way. It cannot be made afterwards.
    await this.#db.query(
      'UPDATE spool_owner SET added = greatest(added, $3) WHERE hub = $1 AND inc = $2',
      change,
    );
    const made = 'WHERE hub = $1 AND inc = $2 AND change = $3';
    await this.#db.query(
      `WITH letters AS (DELETE FROM dead_letter ${made}) DELETE FROM spool ${made}`,
      change,
    );
    this.#doubtful = false;
  }

  /** @throws `lost` when it was not made */
  async #outcomeOf<Result>(change: number, lost: unknown): Promise<Result> {
    for (;;) {
      try {
        const [row] = await this.#db.query(
          `UPDATE spool_owner o SET taken = greatest(o.taken, $3)
             FROM (SELECT taken, outcome FROM spool_owner WHERE hub = $1 AND inc = $2 FOR UPDATE) AS was
            WHERE o.hub = $1 AND o.inc = $2 RETURNING was.taken, was.outcome`,
          [...this.#owner, change],
        );
        if (row === undefined || Number(row['taken']) < change) throw lost;
        return JSON.parse(String(row['outcome'])) as Result;
      } catch (error) {
        const reason = reasonOf(error);
        const away = reason === 'unreachable' || reason === 'connection-lost' || reason === 'postgres';
        if (error === lost || !away || this.#over.signal.aborted) throw lost;
        await afterMs(askAgainMs, undefined, { signal: this.#over.signal }).catch(() => undefined);
      }
    }
  }
}

/** Ends the part of a start that holds nothing. @returns whether it did */
export async function endPart(query: PgQuery, [hub, inc]: readonly [string, number]): Promise<boolean> {
  const ended = await query(
    `DELETE FROM spool_owner WHERE hub = $1 AND inc = $2
        AND NOT EXISTS (SELECT 1 FROM spool WHERE hub = $1 AND inc = $2)
        AND NOT EXISTS (SELECT 1 FROM dead_letter WHERE hub = $1 AND inc = $2) RETURNING hub`,
    [hub, inc],
  );
  return ended.length > 0;
}

/** Runs one after the other. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

export function notOurs(): HubError {
  const note = 'another hub has taken over what this one had in the spool';
  return new HubError('database-failed', note, { details: { reason: 'not-ours' } });
}

function reasonOf(error: unknown): unknown {
  return error instanceof HubError ? error.details['reason'] : undefined;
}
