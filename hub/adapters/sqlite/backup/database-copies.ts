/** Whole copies of databases that somebody may be writing, each made and checked in a worker thread. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../../kernel/sibling-module.ts';
import type { CopyOutcome, CopySetup } from './database-copy.ts';

/** Copies the database `from` into the new `file`, synced and checked. */
export function copyDatabase(from: string, file: string): Promise<CopyOutcome> {
  return inWorker({ file, from });
}

/** Reads every page of the file (`PRAGMA integrity_check`). */
export function checkDatabase(file: string): Promise<CopyOutcome> {
  return inWorker({ file });
}

async function inWorker(setup: CopySetup): Promise<CopyOutcome> {
  const worker = new Worker(siblingModule('database-copy', import.meta.url), { workerData: setup });
  // Rejects when the worker dies without an answer.
  const [outcome] = (await once(worker, 'message')) as [CopyOutcome];
  await worker.terminate();
  return outcome;
}
