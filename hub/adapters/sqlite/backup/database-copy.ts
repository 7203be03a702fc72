/** Copies or checks one database. SQLite blocks the thread meanwhile, so this runs in a worker. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { running } from '../worker-start.ts';

export interface CopySetup {
  file: string;
  /** Copies this file first. A hub may run and write meanwhile. */
  from?: string;
}

/** `schema`: the `user_version` of the file. */
export type CopyOutcome = { schema: number } | { fault: string };

const busyTimeoutMs = 5_000;

/** Copies one snapshot, however long that takes: in WAL mode readers and writers do not wait for each other. */
function copy(from: string, file: string): void {
  // Created here so that only the owner can read it from the start.
  closeSync(openSync(file, 'wx', 0o600));
  const source = new DatabaseSync(from, { readOnly: true, timeout: busyTimeoutMs });
  try {
    source.prepare('VACUUM INTO ?').run(file);
  } finally {
    source.close();
  }
  const written = openSync(file, 'r+');
  fsyncSync(written);
  closeSync(written);
}

function check(file: string): CopyOutcome {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const found = db.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check'];
    if (found !== 'ok') return { fault: String(found) };
    return { schema: Number(db.prepare('PRAGMA user_version').get()?.['user_version']) };
  } finally {
    db.close();
  }
}

function run({ file, from }: CopySetup): CopyOutcome {
  try {
    if (from !== undefined) copy(from, file);
    return check(file);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.postMessage(running);
parentPort?.postMessage(run(workerData as CopySetup));
