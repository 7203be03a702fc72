/** The admin socket: a Unix socket in the data folder that only the hub's own user can open. */

import { chmod, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { HubError, messageOf } from '../../kernel/errors.ts';
import { codeOf, listenOn } from '../listen-address.ts';

/** `sun_path` holds 108 bytes with the closing zero (unix(7)); a longer path would be cut off or refused. */
const maxPathBytes = 103;

/**
 * Puts `server` behind the socket file `path`, mode 0600, replacing a file that a killed hub left.
 *
 * The socket is made in a new folder of mode 0700 and renamed once it has its mode: at no moment can another
 * user open it, and the process's umask, which all threads share, is left alone.
 * The caller closes the server, even when this throws.
 * @returns a function that removes the file if it still is ours
 * @throws HubError `data-dir-in-use` when a hub answers there · `data-dir-invalid`
 */
export async function listenOnSocket(server: Server, path: string): Promise<() => Promise<void>> {
  const folder = dirname(path);
  if (Buffer.byteLength(join(folder, 'sock-XXXXXX', 's')) > maxPathBytes) {
    throw new HubError(
      'data-dir-invalid',
      `${folder} is too long a path for the admin socket in it; give a shorter one with HUB_DATA_DIR`,
    );
  }
  if (await answers(path)) {
    throw new HubError('data-dir-in-use', `it answers on ${path}; stop it, or set another HUB_DATA_DIR`);
  }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const workshop = await mkdtemp(join(folder, 'sock-'));
    try {
      const made = join(workshop, 's');
      await listenOn(server, { path: made });
      await chmod(made, 0o600);
      await rename(made, path);
    } finally {
      await rm(workshop, { recursive: true, force: true });
    }
    const { ino, dev } = await stat(path);
    return async () => {
      const now = await stat(path).catch(() => undefined);
      if (now?.ino === ino && now.dev === dev) await rm(path, { force: true });
    };
  } catch (error) {
    throw new HubError('data-dir-invalid', `cannot create the admin socket ${path} (${messageOf(error)})`, {
      cause: error,
    });
  }
}

/** True when a process accepts connections on the socket; a file without a listener is stale. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (['ENOENT', 'ECONNREFUSED', 'ENOTSOCK', 'ENOTDIR'].includes(codeOf(error) ?? '')) resolve(false);
      else
        reject(
          new HubError('data-dir-invalid', `cannot inspect ${path} (${error.message})`, { cause: error }),
        );
    });
  });
}
