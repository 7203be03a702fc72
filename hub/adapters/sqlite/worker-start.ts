import type { Worker } from 'node:worker_threads';
import type { Log } from '../../kernel/log.ts';
import { systemClock, type Clock } from '../../../schemas/time/clock.ts';

/** The first message of a worker: its code runs, and has touched no file yet. Its second message is its answer. */
export const running = 'running';

export interface WorkerStartOptions {
  /** The file that the thread serves, for messages. */
  file: string;
  clock?: Clock | undefined;
  log?: Pick<Log, 'warn'> | undefined;
}

/** How long each attempt waits for the thread to run, ms. A thread that runs may take as long as it needs. */
export const startWaitsMs: readonly number[] = [10_000, 20_000, 30_000];

/**
 * Starts a worker thread and waits for its answer. On an overloaded machine a thread may never start to run, and report
 * neither an error nor its end (Node 24, seen twice in 150 starts). It is then given up, and another one is started.
 * @param start makes the thread of one attempt
 * @throws Error when the thread fails, ends without an answer, or no thread starts to run
 */
export async function startWorker(
  start: () => Worker,
  { file, clock = systemClock, log }: WorkerStartOptions,
): Promise<{ worker: Worker; answer: unknown }> {
  for (const withinMs of startWaitsMs) {
    const worker = start();
    const answer = await answerOf(worker, { clock, withinMs });
    if (answer !== undefined) return { worker, answer: answer.answer };
    log?.warn({ file, withinMs }, 'the thread of a database did not start in time: another one is started');
    // Not awaited: a thread that never ran may never end.
    void worker.terminate();
  }
  const waitsSec = startWaitsMs.map((ms) => ms / 1000).join(', ');
  throw new Error(
    `no thread started within ${waitsSec} s to open the file; the machine may be overloaded: start again`,
  );
}

/** Undefined: the thread did not start to run in time. */
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
    // A thread that was given up may fail: nobody waits for it.
    worker.on('error', () => undefined);
  });
}
