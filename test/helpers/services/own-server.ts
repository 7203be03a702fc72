import { waitFor } from '../wait-for.ts';
import { spawnGuarded, type GuardedChild, type TemporaryFolder } from './guard.ts';
import { program } from './services.ts';

/** A real server of the test's own on 127.0.0.1, with data of its own. */
export interface OwnServer {
  /** The same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  readonly running: boolean;
  /** SIGTERM, and waits for its end; the data stay. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for its end: what it had not written is lost. */
  kill(): Promise<void>;
  /** Freezes it (SIGSTOP): it accepts connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Stops it if it runs and starts it again: same port, same data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  close(): Promise<void>;
}

interface OwnServerParts {
  name: Parameters<typeof program>[0];
  args: readonly string[];
  url: string;
  port: number;
  /** Removed with it, and when it does not start. */
  folder: TemporaryFolder;
  /** Whether it serves by now; not yet, too, when this throws. */
  serves: () => Promise<boolean>;
  /** Ends it so that it writes what it has; SIGTERM when not given. */
  stop?: (child: GuardedChild) => Promise<unknown>;
}

/** @throws when there is no such program (with the way out), or it does not start (with what it wrote) */
export async function startOwnServer(parts: OwnServerParts): Promise<OwnServer> {
  const { url, port, folder, stop = (child) => child.end('SIGTERM') } = parts;
  let child: GuardedChild;
  try {
    child = await launch(parts);
  } catch (error) {
    folder.remove();
    throw error;
  }
  return {
    url,
    port,
    get pid() {
      return child.pid;
    },
    get running() {
      return child.running;
    },
    async stop() {
      await stop(child);
    },
    async kill() {
      await child.end('SIGKILL');
    },
    pause: () => child.pause(),
    resume: () => child.resume(),
    async restart() {
      await stop(child);
      child = await launch(parts);
    },
    async close() {
      await child.end('SIGKILL');
      folder.remove();
    },
  };
}

async function launch({ name, args, url, serves }: OwnServerParts): Promise<GuardedChild> {
  const { path, env } = program(name);
  const child = await spawnGuarded(path, [...args], env);
  const what = `${name} serves at ${url}`;
  try {
    await waitFor(() => !child.running || serves(), { what, timeoutMs: 20_000 });
    if (!child.running) throw new Error(`${name} ended at once`);
  } catch (error) {
    await child.end('SIGKILL');
    throw new Error(`${what}: it does not\n${child.output()}`, { cause: error });
  }
  return child;
}
