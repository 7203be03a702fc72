/** The worker thread behind openDatabase: the only place where a database file is read and written. */
import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { running } from './worker-start.ts';
import type { Fault, Reply, Request, Row, Statement, WorkerReady, WorkerSetup } from './sqlite-protocol.ts';

/** The first argument of every export of an operations module. */
export interface OperationDatabase {
  /** Prepares a statement, or takes it from the cache. */
  prepare(sql: string): StatementSync;
  /** Rises with each rollback. An operation may rely on what it remembers of its writes only while this stays the same. */
  readonly rollbacks: number;
}
/** An operation: runs synchronously inside the write transaction. When it throws, only its own call is rolled back. */
export type Operation = (db: OperationDatabase, argument: never) => unknown;

/** <https://sqlite.org/rescode.html#full> */
const sqliteFull = 13;
const maxStatements = 256;
/** After this long without a write the log is emptied into the file, so that a copy of the file alone is complete. */
const quietMs = 1_000;
/** No further message is taken into a commit that has so many calls: bounds how long it delays the others. */
const maxCallsPerCommit = 1_000;

class Engine implements OperationDatabase {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #operations: Readonly<Record<string, unknown>>;
  readonly #busyTimeoutMs: number;
  #quiet: NodeJS.Timeout | undefined;
  rollbacks = 0;

  constructor(
    db: DatabaseSync,
    operations: Readonly<Record<string, unknown>>,
    { busyTimeoutMs }: Pick<WorkerSetup, 'busyTimeoutMs'>,
  ) {
    this.#db = db;
    this.#operations = operations;
    this.#busyTimeoutMs = busyTimeoutMs;
    // Empties what an earlier run or the migrations have left in the log.
    this.#awaitQuiet();
  }

  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      if (this.#statements.size >= maxStatements) {
        for (const oldest of this.#statements.keys()) {
          this.#statements.delete(oldest);
          break;
        }
      }
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs all writes in one commit, each in its own savepoint, and then the reads. */
  serve(requests: readonly Request[]): Reply[] {
    const replies = this.#write(
      requests.filter((request) => request.kind === 'transaction' || request.kind === 'call'),
    );
    for (const request of requests) {
      if (request.kind === 'read') replies.push(answer(request.id, () => this.#run(request.statement)));
      if (request.kind === 'query') replies.push(answer(request.id, () => this.#operate(request)));
      if (request.kind === 'close') replies.push(answer(request.id, () => this.#checkpoint()));
    }
    return replies;
  }

  close(): void {
    clearTimeout(this.#quiet);
    this.#statements.clear();
    this.#db.close();
  }

  #write(requests: readonly Request[]): Reply[] {
    if (requests.length === 0) return [];
    let replies: Reply[] = [];
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      replies = requests.map((request) => this.#writeOne(request));
      this.#db.exec('COMMIT');
      return replies;
    } catch (error) {
      this.rollbacks += 1;
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      const fault = faultOf(error);
      // A call that failed before the commit keeps its own reason.
      return requests.map(({ id }, index) =>
        replies[index]?.fault === undefined ? { id, fault } : { id, fault: replies[index].fault },
      );
    } finally {
      // The quiet time begins at the end of the write: a slow disk is not a quiet one.
      this.#awaitQuiet();
    }
  }

  #writeOne(request: Request): Reply {
    this.prepare('SAVEPOINT one').run();
    const reply = answer(request.id, () => this.#apply(request));
    if (reply.fault !== undefined) {
      this.rollbacks += 1;
      // A full disk or a failed write ends the whole transaction <https://sqlite.org/lang_transaction.html>.
      if (!this.#db.isTransaction)
        throw Object.assign(new Error(reply.fault.message), { errcode: reply.fault.sqliteCode });
      this.prepare('ROLLBACK TO one').run();
    }
    this.prepare('RELEASE one').run();
    return reply;
  }

  #apply(request: Request): unknown {
    if (request.kind === 'transaction') return request.statements.map((statement) => this.#run(statement));
    return request.kind === 'call' ? this.#operate(request) : undefined;
  }

  #operate({ operation: name, argument }: Extract<Request, { operation: string }>): unknown {
    const operation = this.#operations[name];
    if (typeof operation !== 'function') throw new Error(`unknown operation ${name}`);
    return (operation as (db: OperationDatabase, argument: unknown) => unknown)(this, argument);
  }

  #run({ sql, params = [] }: Statement): Row[] {
    return this.prepare(sql).all(...params);
  }

  #awaitQuiet(): void {
    if (this.#quiet === undefined) {
      this.#quiet = setTimeout(() => {
        const checkpoint = answer(0, () => this.#checkpoint());
        // A reader, such as a backup, still needs the log.
        if (checkpoint.fault === undefined && checkpoint.result !== 'emptied') this.#quiet?.refresh();
      }, quietMs);
      // Only the port keeps the worker alive.
      this.#quiet.unref();
    } else this.#quiet.refresh();
  }

  /** Never waits for a reader, because writes would wait too. Pages that stay in the log are safe there. */
  #checkpoint(): 'emptied' | 'in-use' {
    try {
      this.#db.exec('PRAGMA busy_timeout = 0');
      const row = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      return row?.['busy'] === 0 ? 'emptied' : 'in-use';
    } catch (error) {
      // Pages that do not fit into the file stay in the log beside it, where the next open finds them.
      if (faultOf(error).sqliteCode !== sqliteFull) throw error;
      return 'in-use';
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
    }
  }
}

function answer(id: number, run: () => unknown): Reply {
  try {
    return { id, result: run() };
  } catch (error) {
    return { id, fault: faultOf(error) };
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, stack } = error;
  return {
    message,
    stack,
    ...('errcode' in error && typeof error.errcode === 'number' ? { sqliteCode: error.errcode } : {}),
  };
}

function open({ file, migrations, busyTimeoutMs }: WorkerSetup): DatabaseSync {
  // Created here so that only the owner can read it. SQLite's files beside it copy the mode.
  closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file, { timeout: busyTimeoutMs });
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864');
    const mode = db.prepare('PRAGMA journal_mode').get()?.['journal_mode'];
    if (mode !== 'wal')
      throw new Error(`the file system does not support WAL (journal mode ${String(mode)})`);
    migrate(db, migrations);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  db.exec('BEGIN IMMEDIATE');
  const done = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (done > migrations.length) {
    const wayOut = 'start the newer device-hub, or restore a backup that this one made into a new folder';
    throw new Error(
      `the file was made by a newer version (${done}, this one knows ${migrations.length}); ${wayOut}`,
    );
  }
  for (const sql of migrations.slice(done)) db.exec(sql);
  db.exec(`PRAGMA user_version = ${migrations.length}`);
  db.exec('COMMIT');
}

function serve(engine: Engine, port: MessagePort): void {
  port.on('message', (first: readonly Request[]) => {
    for (let requests = drain(port, first); requests.length > 0; requests = drain(port)) {
      const replies = engine.serve(requests);
      if (requests.some(({ kind }) => kind === 'close')) engine.close();
      port.postMessage(replies);
      if (requests.some(({ kind }) => kind === 'close')) {
        port.close();
        return;
      }
    }
  });
}

function drain(port: MessagePort, first: readonly Request[] = []): Request[] {
  const requests = [...first];
  while (requests.length < maxCallsPerCommit) {
    const next: { message: readonly Request[] } | undefined = receiveMessageOnPort(port);
    if (next === undefined) break;
    requests.push(...next.message);
  }
  return requests;
}

const setup = workerData as WorkerSetup;
try {
  const operations =
    setup.operations === undefined
      ? {}
      : ((await import(setup.operations)) as Readonly<Record<string, unknown>>);
  parentPort?.postMessage(running);
  serve(new Engine(open(setup), operations, setup), setup.port);
  parentPort?.postMessage({} satisfies WorkerReady);
} catch (error) {
  setup.port.close();
  parentPort?.postMessage({ fault: faultOf(error) } satisfies WorkerReady);
}
