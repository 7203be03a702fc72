import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseCredentials, type Credential } from '../device/credentials.ts';

/** The sources are `.ts`, the package `.js`. */
const hubMain = fileURLToPath(new URL(`../../hub/main${extname(import.meta.url)}`, import.meta.url));
/** A hub that still lives after this time is taken for stuck: on a busy machine a start, or a migration, takes minutes. */
const readyTimeoutMs = 600_000;
/** How often a start that takes long is spoken of. */
const startingEveryMs = 5_000;
/** The hub stops within ten seconds by itself. After this time it is killed. */
const stopTimeoutMs = 15_000;

export interface HubProcess {
  deviceUrl: string;
  adminUrl: string;
  /** Address of the embedded broker; undefined with an external one. */
  brokerUrl: string | undefined;
  dataDir: string;
  /** The address at which the first admin account is created; undefined when there is an account already. */
  firstLoginUrl: string | undefined;
  /** Resolves with the exit code (null after a signal) when the process ends, for whatever reason. */
  exited: Promise<number | null>;
  /** Runs `device add` with these arguments on the running hub. @throws HubFault with its message */
  addDevices(args: readonly string[]): Promise<Credential[]>;
  /** Runs this sub-command on the running hub. @returns what it printed @throws HubFault with its message */
  command(args: readonly string[]): Promise<string>;
  /** Sends SIGTERM, then SIGKILL if the hub does not stop in time. Resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** The hub ended; the message is what it printed. */
export class HubFault extends Error {
  override readonly name = 'HubFault';
}

export interface HubProcessOptions {
  env: NodeJS.ProcessEnv;
  /** Everything it logs goes here; an existing file is overwritten. */
  logFile: string;
  /** Called for every warning or worse. */
  onWarning: (text: string) => void;
  /** Called every few seconds until it is ready, with what it is doing. */
  onStarting: (text: string) => void;
  /** Stops a hub that is not ready yet. */
  signal: AbortSignal;
  /** The program that is the hub. */
  main?: string;
  everyMs?: number;
}

/**
 * Starts the hub as a process of its own and waits until it is ready, for as long as it lives.
 * @throws HubFault when it ends first, or is stuck
 */
export async function startHubProcess(options: HubProcessOptions): Promise<HubProcess> {
  const { env, signal, main = hubMain } = options;
  // A process session of its own: Ctrl-C reaches only this process, which stops the devices before the hub.
  const child = spawn(process.execPath, [main, 'start'], {
    env: { ...env, HUB_LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said = (said + chunk).slice(-4096);
  });
  if (child.pid !== undefined) endWithUs(child.pid, exited);
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    const code = await exited;
    clearTimeout(timer);
    return code;
  };
  const stopEarly = (): void => void stop();
  signal.addEventListener('abort', stopEarly);
  if (signal.aborted) stopEarly();
  const watch = { ...options, exited, said: () => said };
  const { offersLogin, ...ready } = await whenReady(child, watch).finally(() =>
    signal.removeEventListener('abort', stopEarly),
  );
  return {
    ...ready,
    firstLoginUrl: offersLogin
      ? (await readFile(join(ready.dataDir, 'first-login'), 'utf8')).trim()
      : undefined,
    exited,
    addDevices: async (args) =>
      parseCredentials(await runHubCommand(['device', 'add', ...args, '--json'], env)),
    command: (args) => runHubCommand(args, env),
    stop,
  };
}

/**
 * A hub in a process session of its own would outlive this process if it were killed. So a shell holds a pipe from
 * this process: when the pipe closes, the shell sends SIGTERM to the hub. The shell ends with the hub.
 */
function endWithUs(pid: number, exited: Promise<unknown>): void {
  const script = `cat > /dev/null; kill -TERM ${pid} 2> /dev/null`;
  const watcher = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // Without a shell the hub still runs, but could outlive this process.
  watcher.on('error', () => undefined);
  watcher.unref();
  void exited.then(() => watcher.kill('SIGKILL'));
}

interface Ready extends Pick<HubProcess, 'deviceUrl' | 'adminUrl' | 'brokerUrl' | 'dataDir'> {
  /** The address for the first login is in the file `first-login` of the data folder. */
  offersLogin: boolean;
}

interface Watch extends HubProcessOptions {
  exited: Promise<number | null>;
  said: () => string;
}

async function whenReady(child: ChildProcess, watch: Watch): Promise<Ready> {
  const { logFile, onWarning, onStarting, signal, everyMs = startingEveryMs, exited, said } = watch;
  if (child.stdout === null) throw new HubFault('the hub has no output');
  const log = createWriteStream(logFile, { mode: 0o600 });
  const lines = createInterface({ input: child.stdout });
  let doing = 'no word of it yet';
  const ready = new Promise<Ready>((resolve) => {
    lines.on('line', (line) => {
      log.write(`${line}\n`);
      const entry = parseEntry(line);
      if (typeof entry['msg'] === 'string') doing = entry['msg'];
      if (entry['msg'] === 'ready') resolve(readyOf(entry));
      else if (Number(entry['level']) >= 40) onWarning(`hub: ${String(entry['msg'])}`);
    });
  });
  lines.once('close', () => log.end());
  const failed = exited.then((code): never => {
    if (signal.aborted) throw new HubFault('stopped before the hub was ready');
    throw new HubFault(
      said().trim() || `the hub ended with code ${code} before it was ready; see ${logFile}`,
    );
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new HubFault(`the hub was not ready within ${readyTimeoutMs / 60_000} min; see ${logFile}`));
    }, readyTimeoutMs);
  });
  const beganMs = performance.now();
  const starting = setInterval(
    () => onStarting(`${Math.round((performance.now() - beganMs) / 1000)} s so far, last: ${doing}`),
    everyMs,
  );
  // Once the hub is ready, its later end does not concern the start.
  failed.catch(() => undefined);
  try {
    return await Promise.race([ready, failed, late]);
  } finally {
    clearTimeout(timer);
    clearInterval(starting);
  }
}

function parseEntry(line: string): Record<string, unknown> {
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null ? { ...entry } : {};
  } catch {
    return {};
  }
}

function readyOf(entry: Record<string, unknown>): Ready {
  const { deviceUrl, adminUrl, brokerUrl, dataDir, firstLogin } = entry;
  return {
    deviceUrl: String(deviceUrl),
    adminUrl: String(adminUrl),
    brokerUrl: typeof brokerUrl === 'string' ? brokerUrl : undefined,
    dataDir: String(dataDir),
    offersLogin: firstLogin === true,
  };
}

/** @returns what it printed @throws HubFault with its message */
async function runHubCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [hubMain, ...args], { env });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new HubFault(said || `the hub did not do ${args.join(' ')}`, { cause: error });
  }
}
