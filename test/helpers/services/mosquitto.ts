import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './guard.ts';
import { startOwnServer, type OwnServer } from './own-server.ts';

/** `mqtt://127.0.0.1:PORT`. Stopped, it writes its persistence file first. */
export type MosquittoBroker = OwnServer;

export interface MosquittoOptions {
  /** Name → password. Given, nobody connects without one. */
  users?: Readonly<Record<string, string>>;
  /** Lines of an ACL file (mosquitto.conf(5), `acl_file`). */
  acl?: readonly string[];
  /** Further lines of the configuration. */
  config?: readonly string[];
}

/** One line of a password file: PBKDF2-SHA512 in the form mosquitto_passwd(1) writes. */
function passwordLine(name: string, password: string): string {
  const salt = randomBytes(12);
  const hash = pbkdf2Sync(password, salt, 101, 64, 'sha512');
  return `${name}:$7$101$${salt.toString('base64')}$${hash.toString('base64')}`;
}

function writePrivate(file: string, lines: readonly string[]): void {
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}

function configuration(
  folder: string,
  port: number,
  { users, acl, config = [] }: MosquittoOptions,
): string[] {
  const lines = [
    `listener ${port} 127.0.0.1`,
    `allow_anonymous ${users === undefined}`,
    // As root it would become another user and could not write into our folder.
    `user ${userInfo().username}`,
    'persistence true',
    `persistence_location ${folder}/`,
    // The file is a snapshot: take one after every change, so that a killed broker has lost little.
    'autosave_on_changes true',
    'autosave_interval 1',
    'log_dest stdout',
  ];
  if (users !== undefined) lines.push(`password_file ${join(folder, 'passwords')}`);
  if (acl !== undefined) lines.push(`acl_file ${join(folder, 'acl')}`);
  return [...lines, ...config];
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

/**
 * A real Mosquitto of the test's own on 127.0.0.1: free port, own persistence folder, gone with `close()` or
 * with this process.
 * @throws when there is no `mosquitto` (with the way out), or it does not start (with what it wrote)
 */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<MosquittoBroker> {
  const folder = temporaryFolder('mosquitto');
  const port = await freePort();
  const configFile = join(folder.path, 'mosquitto.conf');
  writePrivate(configFile, configuration(folder.path, port, options));
  const users = Object.entries(options.users ?? {});
  const passwords = users.map(([name, password]) => passwordLine(name, password));
  writePrivate(join(folder.path, 'passwords'), passwords);
  writePrivate(join(folder.path, 'acl'), options.acl ?? []);
  return startOwnServer({
    name: 'mosquitto',
    args: ['-c', configFile],
    url: `mqtt://127.0.0.1:${port}`,
    port,
    folder,
    serves: () => accepts(port),
    async stop(child) {
      // It listens a moment before it begins to run, and forgets a signal that comes in between: told again.
      const again = setInterval(() => void child.end('SIGTERM'), 500);
      await child.end('SIGTERM').finally(() => clearInterval(again));
    },
  });
}
