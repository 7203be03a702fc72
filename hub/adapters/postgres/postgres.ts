import pg from 'pg';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { PostgresBatches, type BatchOptions } from './postgres-batches.ts';

/** A parameter, or an item of one that is a list. A list becomes an array of PostgreSQL. */
export type PgScalar = string | number | boolean | null | Uint8Array;
export type PgValue = PgScalar | readonly PgScalar[];
export type PgRow = Readonly<Record<string, unknown>>;

/**
 * `postgres`: the statement was refused and rolled back; `details.sqlState` says why. `connection-lost`: nobody knows whether
 * the statement was committed. `unreachable`, `queue-full`, `closed`: nothing was tried.
 */
export type PostgresFault = 'postgres' | 'unreachable' | 'connection-lost' | 'queue-full' | 'closed';

export type PgQuery = (sql: string, values?: readonly PgValue[]) => Promise<PgRow[]>;

/** Every method rejects with HubError `database-failed`, whose `details.reason` is a PostgresFault. */
export interface Postgres {
  /** One statement in a transaction of its own: when it resolves, the commit is on disk. */
  query(sql: string, values?: readonly PgValue[]): Promise<PgRow[]>;
  /** As `query`, for statements that may take a minute: whole tables, migrations, clean-up. */
  longQuery(sql: string, values?: readonly PgValue[]): Promise<PgRow[]>;
  /** Several statements, all or nothing, on one connection; they may take a minute. Throws what `work` throws. */
  transaction<Result>(work: (query: PgQuery) => Promise<Result>): Promise<Result>;
  /** Calls that wait at the same time share a statement, and so a commit. */
  batches<Item, Result>(options: BatchOptions<Item, Result>): PostgresBatches<Item, Result>;
  /** Waits for statements under way, and closes. */
  close(): Promise<void>;
}

export interface PostgresOptions {
  /** `postgres://host:port/database`. */
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  /** Connections for statements that are short. Default 8. */
  connections?: number;
}

/** The server ends a statement that takes longer, so that it does not hold up the others. */
const statementMs = 2_000;
const longStatementMs = 120_000;
/** A transaction whose client says nothing for so long is rolled back: a hub that is frozen in it must not hold the others' rows. */
const idleTransactionMs = 5_000;
const connectMs = 2_000;
const longConnectMs = 10_000;
const closeMs = 3_000;
/** Serialization failure and deadlock: the transaction was rolled back because of others, and may be tried again. */
const again: ReadonlySet<string> = new Set(['40001', '40P01']);
const maxTries = 5;
/** The server takes no connection now, for example because it is starting, stopping or full. */
const turnedAway: ReadonlySet<string> = new Set(['57P03', '53300', '28000', '28P01', '3D000']);

/** Connects at the first statement. Reads `bigint` as a number: ours stay below 2^53. */
export function openPostgres(options: PostgresOptions): Postgres {
  return new PooledPostgres(options);
}

class PooledPostgres implements Postgres {
  readonly #name: string;
  readonly #short: pg.Pool;
  readonly #long: pg.Pool;
  /** Names of statements, by their text. */
  readonly #names = new Map<string, string>();
  #closed = false;

  constructor({ url, username, password, connections = 8 }: PostgresOptions) {
    this.#name = url;
    const common = {
      connectionString: withCredentials(url, username, password),
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      // Connections stay open when idle: a new one would have to prepare all statements again.
      idleTimeoutMillis: 0,
      application_name: 'device-hub',
      types: { getTypeParser },
      idle_in_transaction_session_timeout: idleTransactionMs,
    };
    this.#short = new pg.Pool({
      ...common,
      max: connections,
      statement_timeout: statementMs,
      // Ends the wait when a connection is broken without notice.
      query_timeout: statementMs + connectMs,
    });
    this.#long = new pg.Pool({
      ...common,
      // Nobody waits for these answers, so the server gets time to start on a busy machine.
      connectionTimeoutMillis: longConnectMs,
      max: 2,
      statement_timeout: longStatementMs,
      query_timeout: longStatementMs + connectMs,
    });
    for (const pool of [this.#short, this.#long]) {
      // Without a listener, a connection that breaks while it is idle would end the process. The next statement gets a new
      // connection, or the reason why there is none.
      pool.on('error', () => undefined);
      pool.on('connect', (client) => client.on('error', () => undefined));
    }
    // Short statements must use an index, whatever the statistics say: for a table that was empty yesterday, the planner
    // would choose to read it whole. If the connection breaks here, its first statement fails as well.
    this.#short.on(
      'connect',
      (client) => void client.query('SET enable_seqscan = off').catch(() => undefined),
    );
  }

  query(sql: string, values: readonly PgValue[] = []): Promise<PgRow[]> {
    return this.#run(this.#short, sql, values);
  }

  longQuery(sql: string, values: readonly PgValue[] = []): Promise<PgRow[]> {
    return this.#run(this.#long, sql, values);
  }

  async transaction<Result>(work: (query: PgQuery) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw this.#fault('closed');
    const client = await this.#connect(this.#long);
    const query: PgQuery = async (sql, values = []) => {
      try {
        return (await client.query<Record<string, unknown>>(sql, values.map(parameter))).rows;
      } catch (error) {
        throw this.#faultOf(error, sqlStateOf(error));
      }
    };
    try {
      await query('BEGIN');
      const result = await work(query);
      await query('COMMIT');
      client.release();
      return result;
    } catch (error) {
      // The end of the connection rolls the transaction back.
      client.release(true);
      throw error;
    }
  }

  batches<Item, Result>(options: BatchOptions<Item, Result>): PostgresBatches<Item, Result> {
    return new PostgresBatches(options, (outstanding) =>
      this.#fault('queue-full', `${outstanding} calls wait`),
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const ended = Promise.all([this.#short.end(), this.#long.end()]).then(() => undefined);
    // A server that no longer answers does not confirm the end of a connection either.
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, closeMs);
    await Promise.race([ended, tooLong]);
    clearTimeout(timer);
  }

  async #run(pool: pg.Pool, sql: string, values: readonly PgValue[]): Promise<PgRow[]> {
    if (this.#closed) throw this.#fault('closed');
    const given = values.map(parameter);
    for (let tries = 1; ; tries += 1) {
      const client = await this.#connect(pool);
      try {
        const { rows } = await client.query<Record<string, unknown>>({
          ...(pool === this.#short ? { name: this.#nameOf(sql) } : {}),
          text: sql,
          values: given,
        });
        client.release();
        return rows;
      } catch (error) {
        const sqlState = sqlStateOf(error);
        // Unless the server only refused the statement, the connection is of no more use.
        client.release(sqlState === undefined || sqlState.startsWith('57'));
        if (sqlState !== undefined && again.has(sqlState) && tries < maxTries) continue;
        throw this.#faultOf(error, sqlState);
      }
    }
  }

  /** A named statement is parsed and planned once per connection, which is half of the cost of a short one. */
  #nameOf(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    const name = `hub_${this.#names.size + 1}`;
    this.#names.set(sql, name);
    return name;
  }

  async #connect(pool: pg.Pool): Promise<pg.PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      throw this.#fault('unreachable', messageOf(error), error);
    }
  }

  #faultOf(error: unknown, sqlState: string | undefined): HubError {
    if (sqlState === undefined) return this.#fault('connection-lost', messageOf(error), error);
    if (turnedAway.has(sqlState)) return this.#fault('unreachable', messageOf(error), error);
    // An administrator ended the connection, perhaps after the commit and before its answer.
    if (sqlState === '57P01') return this.#fault('connection-lost', messageOf(error), error);
    return this.#fault('postgres', messageOf(error), error, sqlState);
  }

  #fault(reason: PostgresFault, note?: string, cause?: unknown, sqlState?: string): HubError {
    const text = note === undefined ? reason : `${reason}, ${note}`;
    return new HubError('database-failed', `${this.#name}: ${text}`, {
      cause,
      details: { reason, ...(sqlState === undefined ? {} : { sqlState }) },
    });
  }
}

/** PostgreSQL allows no NUL in a text. JSON writes NUL as an escape anyway. */
function parameter(value: PgValue): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\u{fffd}');
  if (value instanceof Uint8Array) return Buffer.from(value);
  return Array.isArray(value) ? value.map((each: PgScalar) => parameter(each)) : value;
}

/** https://www.postgresql.org/docs/15/errcodes-appendix.html; undefined: the error does not come from the server. */
function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

const asNumbers: ReadonlySet<number> = new Set([pg.types.builtins.INT8, pg.types.builtins.NUMERIC]);

/** Reads `bigint` and `numeric` as numbers, and the rest as `pg` does. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  if (asNumbers.has(oid)) return Number;
  return pg.types.getTypeParser(oid, format);
}

function withCredentials(url: string, username: string | undefined, password: string | undefined): string {
  const given = new URL(url);
  if (username !== undefined) given.username = encodeURIComponent(username);
  if (password !== undefined) given.password = encodeURIComponent(password);
  return given.href;
}
