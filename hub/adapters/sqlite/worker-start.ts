import type { Worker } from 'node:worker_threads';
import type { Log } from '../../kernel/log.ts';
import { systemClock, type Clock } from '../../../schemas/time/clock.ts';

/** A worker's first message: its code runs. It has touched no file yet, and its second message is its answer. */
export const running = 'running';

export interface WorkerStartOptions {
  /** What the thread is for, in messages. */
  file: string;
  clock?: Clock | undefined;
  log?: Pick<Log, 'warn'> | undefined;
}

/** How long each attempt waits for the thread to run, ms. What the thread then does may take as long as it needs. */
export const startWaitsMs: readonly number[] = [10_000, 20_000, 30_000];

/**
 * Starts a worker thread and waits for its answer. On an overloaded machine a thread may never come up, without an error
 * or an end (Node 24, seen twice in 150 starts); it is then given up, and another one is started.
 * @param start makes the thread of one attempt
 * @throws Error when the thread fails or ends without an answer, or none comes up
 */
export async function startWorker(
  start: () => Worker,
  { file, clock = systemClock, log }: WorkerStartOptions,
): Promise<{ worker: Worker; answer: unknown }> {
  for (const withinMs of startWaitsMs) {
    const worker = start();
    const answer = await answerOf(worker, { clock, withinMs });
    if (answer !== undefined) return { worker, answer: answer.answer };
    log?.warn({ file, withinMs }, 'the thread of a database does not come up: another one is started');
    // Not awaited: what never came up may never end.
    void worker.terminate();
  }
  const waitsSec = startWaitsMs.map((ms) => ms / 1000).join(', ');
  throw new Error(
    `no thread came up to open the file, not within ${waitsSec} s; the machine may be overloaded: start again`,
  );
}

/** Undefined: it does not come up in time. */
function answerOf(
  worker: Worker,
  { clock, withinMs }: { clock: Clock; withinMs: number },
): Promise<{ answer: unknown } | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<{ answer: unknown } | undefined>();
  const cancel = clock.after(withinMs, () => resolve(undefined));
  worker.on('message', (message: unknown) => {
    cancel();
    if (message !== running) resolve({ answer: message });
  });
  worker.on('error', reject);
  worker.on('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  return promise.finally(() => {
    cancel();
    worker.removeAllListeners();
    // The end of a thread that was given up is nobody's fault.
    worker.on('error', () => undefined);
  });
}
