import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { siblingModule } from '../../kernel/sibling-module.ts';
import type {
  Fault,
  Reply,
  Request,
  Row,
  SqlValue,
  Statement,
  WorkerReady,
  WorkerSetup,
} from './sqlite-protocol.ts';
import { startWorker, type WorkerStartOptions } from './worker-start.ts';

/**
 * Every method rejects with HubError `database-failed`, whose `details.reason` is a DatabaseFault. An argument that
 * cannot be copied to the worker rejects with a DataCloneError.
 */
export interface Database {
  /**
   * Runs the statements in order, all or nothing. Resolves with the rows of each once the commit is on disk
   * (`synchronous=FULL`). Calls that wait at the same time share a commit (group commit); a call that fails
   * rolls back alone.
   */
  transaction(statements: readonly Statement[]): Promise<Row[][]>;
  /** Reads outside any write transaction, after the writes called before it. */
  read(sql: string, params?: readonly SqlValue[]): Promise<Row[]>;
  /** Runs a named export of the operations module given at open (`(db, argument) => result`) inside a write transaction. */
  call(operation: string, argument: unknown): Promise<unknown>;
  /** As `call`, but outside any write transaction and after the writes called before it; the operation only reads. */
  query(operation: string, argument: unknown): Promise<unknown>;
  /** Waits for outstanding calls, checkpoints and closes. */
  close(): Promise<void>;
}

/**
 * `sqlite`: the statement failed, `details.sqliteCode` has SQLite's extended result code;
 * `queue-full`: too many calls are outstanding, nothing was tried; `closed`; `worker-died`: it is not known
 * whether the outstanding calls were committed.
 */
export type DatabaseFault = 'sqlite' | 'queue-full' | 'closed' | 'worker-died';

export interface DatabaseOptions extends WorkerStartOptions {
  /** Run once each, in order; `PRAGMA user_version` remembers how many have run. */
  migrations: readonly string[];
  /** Module whose exports are the `call` operations, loaded in the worker. */
  operations?: URL;
  /** Called once when the worker dies; the database is unusable from then on. */
  onFailure?: (error: HubError) => void;
  /** Calls in the queue or under way before further ones are refused. Default 10,000. */
  maxOutstanding?: number;
  /** How long a statement waits for another process's lock. Default 5,000. */
  busyTimeoutMs?: number;
  /** Makes the thread that serves the file. A test can give one that never starts. */
  startThread?: (setup: WorkerSetup) => Worker;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * Opens one database file, served by one worker thread. Creates the file when it is missing, readable by its owner only.
 * @throws HubError `database-failed` when the file cannot be opened or a migration fails
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { file, migrations, operations, busyTimeoutMs = 5_000, startThread = databaseThread } = options;
  let channel = new MessageChannel();
  const start = (): Worker => {
    // Each attempt has its own port: the other end is lost with the thread.
    channel.port1.close();
    channel = new MessageChannel();
    return startThread({
      port: channel.port2,
      file,
      migrations,
      operations: operations?.href,
      busyTimeoutMs,
    });
  };
  try {
    const { worker, answer } = await startWorker(start, options);
    const { fault } = answer as WorkerReady;
    if (fault === undefined) return new WorkerDatabase(worker, channel.port1, options);
    await worker.terminate();
    throw sqliteError(fault, file);
  } catch (error) {
    channel.port1.close();
    throw error instanceof HubError ? error : sqliteError({ message: messageOf(error) }, file);
  }
}

function databaseThread(setup: WorkerSetup): Worker {
  return new Worker(siblingModule('sqlite-worker', import.meta.url), {
    workerData: setup,
    // Lines only pass through the worker. A large young generation would keep their garbage for longer.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
    transferList: [setup.port],
  });
}

class WorkerDatabase implements Database {
  readonly #port: MessagePort;
  readonly #file: string;
  readonly #maxOutstanding: number;
  readonly #onFailure: ((error: HubError) => void) | undefined;
  readonly #waiting = new Map<number, Waiting>();
  /** Calls of this turn of the event loop: they travel to the worker together, since each message costs as much as a call. */
  #outgoing: Request[] = [];
  readonly #exited: Promise<void>;
  #nextId = 1;
  #died: HubError | undefined;
  #closed: Promise<void> | undefined;

  constructor(worker: Worker, port: MessagePort, options: DatabaseOptions) {
    this.#port = port;
    this.#file = options.file;
    this.#maxOutstanding = options.maxOutstanding ?? 10_000;
    this.#onFailure = options.onFailure;
    port.on('message', (replies: readonly Reply[]) => this.#settle(replies));
    worker.on('error', (error) => this.#die(error));
    this.#exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        // Its last message may still be in the port.
        const last: { message: readonly Reply[] } | undefined = receiveMessageOnPort(port);
        if (last !== undefined) this.#settle(last.message);
        // After `close` no call waits. At any other time, the end of the worker is a fault.
        if (this.#closed === undefined || this.#waiting.size > 0) {
          this.#die(new Error(`the worker ended with ${code}`));
        }
        port.close();
        resolve();
      });
    });
  }

  async transaction(statements: readonly Statement[]): Promise<Row[][]> {
    return (await this.#send({ kind: 'transaction', id: this.#nextId++, statements })) as Row[][];
  }

  async read(sql: string, params: readonly SqlValue[] = []): Promise<Row[]> {
    return (await this.#send({ kind: 'read', id: this.#nextId++, statement: { sql, params } })) as Row[];
  }

  call(operation: string, argument: unknown): Promise<unknown> {
    return this.#send({ kind: 'call', id: this.#nextId++, operation, argument });
  }

  query(operation: string, argument: unknown): Promise<unknown> {
    return this.#send({ kind: 'query', id: this.#nextId++, operation, argument });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#died === undefined) {
      // The port keeps the order, so this answer comes after all others.
      await this.#post({ kind: 'close', id: this.#nextId++ });
    }
    await this.#exited;
  }

  #send(request: Request): Promise<unknown> {
    const { size } = this.#waiting;
    if (this.#closed !== undefined) return Promise.reject(databaseError('closed', this.#file));
    if (size >= this.#maxOutstanding) {
      return Promise.reject(
        databaseError('queue-full', this.#file, { note: `${size} calls wait`, outstanding: size }),
      );
    }
    return this.#post(request);
  }

  #post(request: Request): Promise<unknown> {
    if (this.#died !== undefined) return Promise.reject(this.#died);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(request.id, { resolve, reject });
    this.#outgoing.push(request);
    if (this.#outgoing.length === 1) setImmediate(() => this.#flush());
    return promise;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    if (this.#died !== undefined) return;
    try {
      this.#port.postMessage(outgoing);
    } catch {
      // One of them cannot be copied to the worker: the others can.
      for (const request of outgoing) this.#postAlone(request);
    }
  }

  #postAlone(request: Request): void {
    try {
      this.#port.postMessage([request]);
    } catch (error) {
      const waiting = this.#waiting.get(request.id);
      this.#waiting.delete(request.id);
      waiting?.reject(error);
    }
  }

  #settle(replies: readonly Reply[]): void {
    for (const reply of replies) {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.fault === undefined) waiting?.resolve(reply.result);
      else waiting?.reject(sqliteError(reply.fault, this.#file));
    }
  }

  #die(cause: unknown): void {
    if (this.#died !== undefined) return;
    this.#died = databaseError('worker-died', this.#file, { note: messageOf(cause), cause });
    for (const { reject } of this.#waiting.values()) reject(this.#died);
    this.#waiting.clear();
    this.#onFailure?.(this.#died);
  }
}

function databaseError(
  reason: DatabaseFault,
  file: string,
  { note, cause, ...details }: { note?: string; cause?: unknown; [detail: string]: unknown } = {},
): HubError {
  const text = note === undefined ? reason : `${reason}, ${note}`;
  return new HubError('database-failed', `${file}: ${text}`, {
    cause,
    details: { reason, file, ...details },
  });
}

function sqliteError({ message, stack, sqliteCode }: Fault, file: string): HubError {
  const cause = new Error(message);
  if (stack !== undefined) cause.stack = stack;
  return new HubError('database-failed', `${file}: ${message}`, {
    cause,
    details: { reason: 'sqlite' satisfies DatabaseFault, file, sqliteCode },
  });
}
