/** The messages between the main thread and the worker of a database. */
import type { MessagePort } from 'node:worker_threads';

export type SqlValue = null | number | bigint | string | Uint8Array;
export type Row = Record<string, SqlValue>;
export interface Statement {
  sql: string;
  /** Bound by position (`?1`, `?2`, …). */
  params?: readonly SqlValue[];
}

export interface WorkerSetup {
  port: MessagePort;
  file: string;
  migrations: readonly string[];
  operations: string | undefined;
  busyTimeoutMs: number;
}

export type Request =
  | { kind: 'transaction'; id: number; statements: readonly Statement[] }
  | { kind: 'read'; id: number; statement: Statement }
  | { kind: 'call' | 'query'; id: number; operation: string; argument: unknown }
  | { kind: 'close'; id: number };

export interface Fault {
  message: string;
  stack?: string | undefined;
  /** SQLite's extended result code <https://sqlite.org/rescode.html>. */
  sqliteCode?: number;
}
export interface Reply {
  id: number;
  result?: unknown;
  fault?: Fault;
}
export interface WorkerReady {
  fault?: Fault;
}
