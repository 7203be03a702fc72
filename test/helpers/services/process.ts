import { fileURLToPath } from 'node:url';
import { spawnGuarded, temporaryFolder, type Exit, type GuardedChild } from './guard.ts';

const mainFile = fileURLToPath(new URL('../../../hub/main.ts', import.meta.url));

/** One JSON line of the hub's log. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface CliRun {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface HubProcess {
  readonly pid: number;
  readonly deviceUrl: string;
  readonly adminUrl: string;
  /** Of the embedded broker; undefined when the hub uses another one. */
  readonly brokerUrl: string | undefined;
  readonly dataDir: string;
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** Every log line so far, parsed. */
  readonly lines: readonly LogLine[];
  /** Everything it has written so far, logs and standard error. */
  output(): string;
  /** Sends the signal (SIGTERM when not given) and resolves when the hub has ended. */
  kill(signal?: NodeJS.Signals): Promise<Exit>;
  /** Freezes it (SIGSTOP): sockets stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /**
   * The first log line, past or coming, that `wanted` takes.
   * @throws when none comes within `timeoutMs` (5,000), or the hub ends first, naming `what`
   */
  waitForLog(what: string, wanted: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>;
  /** Runs `node hub/main.ts ARGS` on the same data folder. */
  cli(args: readonly string[]): Promise<CliRun>;
  /** Kills it and removes the data folder, unless that was given. */
  close(): Promise<void>;
}

export interface HubOptions {
  /** Further `HUB_*` and other variables. */
  env?: Readonly<Record<string, string>>;
  /** Further arguments of `start`. */
  args?: readonly string[];
  /** Used, and left as it is, instead of a temporary folder: for a second start on the same data. */
  dataDir?: string;
  /** Started instead of `hub/main.ts`: a hub with a fault on purpose. */
  entry?: string;
  /** Its working folder; our own when not given. */
  cwd?: string;
}

/** Our own environment without its `HUB_*`, which would change what the hub under test does. */
function environment(dataDir: string, env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('HUB_'));
  return { ...Object.fromEntries(own), HUB_DATA_DIR: dataDir, ...env };
}

/**
 * Runs `node hub/main.ts ARGS` to its end; for starts that are to fail, and for sub-commands.
 * @param killed when it resolves, the process is killed (SIGKILL)
 */
export async function runHub(
  args: readonly string[],
  {
    dataDir,
    env = {},
    killed,
  }: { dataDir: string; env?: Readonly<Record<string, string>>; killed?: Promise<unknown> },
): Promise<CliRun> {
  const child = await spawnGuarded(process.execPath, [mainFile, ...args], environment(dataDir, env));
  void killed?.then(() => child.process.kill('SIGKILL'));
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child.process[name]?.on('data', (chunk: string) => {
      written[name] += chunk;
    });
  }
  const { code } = await child.exited;
  return { code, ...written };
}

function parseLine(text: string): LogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    // Something else wrote on stdout; it is in the output that failures show.
    return undefined;
  }
}

/** The log of one child, and whoever waits for a line of it. */
class Log {
  readonly lines: LogLine[] = [];
  readonly #child: GuardedChild;
  readonly #waiters = new Set<(line: LogLine) => void>();
  #rest = '';

  constructor(child: GuardedChild) {
    this.#child = child;
    child.process.stdout?.on('data', (chunk: string) => this.#read(chunk));
  }

  #read(chunk: string): void {
    const texts = (this.#rest + chunk).split('\n');
    this.#rest = texts.pop() ?? '';
    for (const text of texts) {
      const line = parseLine(text);
      if (line === undefined) continue;
      this.lines.push(line);
      for (const waiter of this.#waiters) waiter(line);
    }
  }

  async wait(what: string, wanted: (line: LogLine) => boolean, timeoutMs: number): Promise<LogLine> {
    const past = this.lines.find(wanted);
    if (past !== undefined) return past;
    const { promise, resolve, reject } = Promise.withResolvers<LogLine>();
    const waiter = (line: LogLine): void => {
      if (wanted(line)) resolve(line);
    };
    const fail = (why: string): void =>
      reject(new Error(`${why}: ${what}. The hub wrote:\n${this.#child.output()}`));
    const timer = setTimeout(() => fail(`waited ${timeoutMs} ms in vain`), timeoutMs);
    this.#waiters.add(waiter);
    void this.#child.exited.then(({ code, signal }) => fail(`the hub ended (${signal ?? code}) before`));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    }
  }
}

function textOf(line: LogLine, name: string): string | undefined {
  const value = line[name];
  return typeof value === 'string' ? value : undefined;
}

function needText(line: LogLine, name: string): string {
  const value = textOf(line, name);
  if (value === undefined) throw new Error(`the hub's ready line has no ${name}: ${JSON.stringify(line)}`);
  return value;
}

/**
 * Starts the real hub process on ports of the system's choice and resolves when it says `ready`.
 * @throws with what it wrote when it ends, or is silent for a minute, before that
 */
export async function spawnHub(options: HubOptions = {}): Promise<HubProcess> {
  const { env = {}, args = [], dataDir, entry = mainFile, cwd } = options;
  const folder = dataDir === undefined ? temporaryFolder('hub') : undefined;
  const path = dataDir ?? folder?.path ?? '';
  const anyPort = '127.0.0.1:0';
  const listeners = { HUB_DEVICE_LISTEN: anyPort, HUB_ADMIN_LISTEN: anyPort, HUB_BROKER_LISTEN: anyPort };
  const variables = { ...listeners, ...env };
  const command = [entry, 'start', ...args];
  const child = await spawnGuarded(process.execPath, command, environment(path, variables), cwd);
  const log = new Log(child);
  const close = async (): Promise<void> => {
    await child.end('SIGKILL');
    folder?.remove();
  };
  try {
    const ready = await log.wait('the hub is ready', (line) => line['msg'] === 'ready', 60_000);
    return {
      pid: child.pid,
      deviceUrl: needText(ready, 'deviceUrl'),
      adminUrl: needText(ready, 'adminUrl'),
      brokerUrl: textOf(ready, 'brokerUrl'),
      dataDir: needText(ready, 'dataDir'),
      exited: child.exited,
      get running() {
        return child.running;
      },
      lines: log.lines,
      output: () => child.output(),
      kill: (signal = 'SIGTERM') => child.end(signal),
      pause: () => child.pause(),
      resume: () => child.resume(),
      waitForLog: (what, wanted, timeoutMs = 5_000) => log.wait(what, wanted, timeoutMs),
      cli: (cliArgs) => runHub(cliArgs, { dataDir: path, env: variables }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
