/** Copies and checks databases in worker threads. A hub may be writing to them. */
import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../../kernel/sibling-module.ts';
import { startWorker } from '../worker-start.ts';
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
  const start = () => new Worker(siblingModule('database-copy', import.meta.url), { workerData: setup });
  const { worker, answer } = await startWorker(start, setup);
  await worker.terminate();
  return answer as CopyOutcome;
}
