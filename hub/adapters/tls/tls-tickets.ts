import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError, messageOf } from '../../kernel/errors.ts';

/** Node's ticket key: name, HMAC key and AES key, 16 bytes each. */
const keyBytes = 48;
/** A ticket key that leaks opens what was resumed with it, so it does not live long. */
const longestLifeMs = 86_400_000;
/** How long a ticket may be used, seconds; `sessionTimeout` of the server. */
export const ticketLifeSec = longestLifeMs / 1000;

/**
 * The key that seals TLS session tickets (RFC 5077; RFC 8446 §4.6.1). It is kept in the data folder, readable by the
 * hub alone, so that devices resume their sessions after a restart of the hub: a fleet that comes back then costs
 * a fraction of its full handshakes. A key older than a day is replaced.
 * @throws HubError `tls-invalid`
 */
export async function loadTicketKeys(dataDir: string, nowMs: number): Promise<Buffer> {
  const folder = join(dataDir, 'tls');
  const file = join(folder, 'ticket.key');
  try {
    const known = await stat(file).catch(() => undefined);
    if (known !== undefined && Math.abs(nowMs - known.mtimeMs) < longestLifeMs) {
      const keys = await readFile(file);
      if (keys.length === keyBytes) return keys;
    }
    const keys = randomBytes(keyBytes);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, keys, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return keys;
  } catch (error) {
    throw new HubError('tls-invalid', `${file}: ${messageOf(error)}`, { cause: error, details: { file } });
  }
}
