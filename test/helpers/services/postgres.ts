import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { waitFor } from '../wait-for.ts';
import { freePort } from './free-port.ts';
import { spawnGuarded, temporaryFolder, type GuardedChild } from './guard.ts';
import { program } from './services.ts';

export interface PostgresServer {
  readonly port: number;
  readonly username: string;
  /** `postgres://…` of an empty database `hub`. @param schema the tables go there instead, and it is made first */
  url(schema?: string): string;
  /** Runs SQL, several statements too. @throws with the server's own words */
  sql(text: string): string;
  readonly running: boolean;
  /** SIGINT: open connections are cut. */
  stop(): Promise<void>;
  /** SIGQUIT: ends at once, as a crash; what was committed is there after a restart. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
  /** Stops it if it runs, and starts it again: same port, same data. @param settings of `postgresql.conf` from now on */
  restart(settings?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/** It refuses to run as root: then it runs as the user `nobody`. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

function asUser(command: string, args: readonly string[]): [string, string[]] {
  if (!isRoot) return [command, [...args]];
  const user = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
  return ['setpriv', [...user, '--', command, ...args]];
}

function makeCluster(binaries: string, data: string, env: NodeJS.ProcessEnv): void {
  const args = [
    '-D',
    data,
    '-U',
    'hub',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  execFileSync(...asUser(join(binaries, 'initdb'), args), { env, stdio: 'pipe', timeout: 120_000 });
}

function configure(data: string, port: number, settings: Readonly<Record<string, string>>): void {
  const lines = {
    port: String(port),
    listen_addresses: "'127.0.0.1'",
    unix_socket_directories: "''",
    max_connections: '60',
    shared_buffers: "'32MB'",
    // What tests commit survives a kill of the server; only a loss of power is not played.
    fsync: 'on',
    jit: 'off',
    ...settings,
  };
  const text = Object.entries(lines).map(([name, value]) => `${name} = ${value}`);
  const file = join(data, 'postgresql.auto.conf');
  writeFileSync(file, `${text.join('\n')}\n`);
  if (isRoot) chownSync(file, nobody, nobody);
}

/**
 * A real PostgreSQL of the test's own on 127.0.0.1: fresh folder, free port, gone with `close()` or with this process.
 * @throws when there is no `postgres` (with the way out), or it does not start (with what it wrote)
 */
export async function startPostgres(): Promise<PostgresServer> {
  const { path, env } = program('postgres');
  const binaries = dirname(realpathSync(path));
  const folder = temporaryFolder('postgres');
  if (isRoot) chownSync(folder.path, nobody, nobody);
  chmodSync(folder.path, 0o700);
  const data = join(folder.path, 'data');
  const port = await freePort();
  const url = `postgres://127.0.0.1:${port}/hub`;

  const sql = (text: string, database = 'hub'): string =>
    execFileSync(
      join(binaries, 'psql'),
      [
        '-X',
        '-A',
        '-t',
        '-v',
        'ON_ERROR_STOP=1',
        '-h',
        '127.0.0.1',
        '-p',
        String(port),
        '-U',
        'hub',
        '-d',
        database,
        '-c',
        text,
      ],
      { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 },
    );

  async function launch(): Promise<GuardedChild> {
    const child = await spawnGuarded(...asUser(path, ['-D', data]), env);
    const what = `PostgreSQL answers on 127.0.0.1:${port}`;
    try {
      await waitFor(() => !child.running || answers(sql), { what, timeoutMs: 30_000 });
      if (!child.running) throw new Error('PostgreSQL ended at once');
    } catch (error) {
      await child.end('SIGQUIT');
      throw new Error(`${what}: it does not\n${child.output()}`, { cause: error });
    }
    return child;
  }

  let child: GuardedChild;
  try {
    makeCluster(binaries, data, env);
    configure(data, port, {});
    child = await launch();
    sql('CREATE DATABASE hub', 'postgres');
  } catch (error) {
    folder.remove();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await child.end('SIGINT');
  };
  return {
    port,
    username: 'hub',
    url(schema) {
      if (schema === undefined) return url;
      sql(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
      return `${url}?options=${encodeURIComponent(`-c search_path=${schema}`)}`;
    },
    sql,
    get running() {
      return child.running;
    },
    stop,
    async kill() {
      await child.end('SIGQUIT');
    },
    pause: () => child.pause(),
    resume: () => child.resume(),
    async restart(settings = {}) {
      await stop();
      configure(data, port, settings);
      child = await launch();
    },
    async close() {
      await child.end('SIGQUIT');
      folder.remove();
    },
  };
}

function answers(sql: (text: string, database: string) => string): boolean {
  try {
    sql('SELECT 1', 'postgres');
    return true;
  } catch {
    return false;
  }
}
