import { createHash, createPublicKey, verify, type Hash, type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { OfferedUpdate } from '../../../../schemas/protocol/hub-frames.ts';
import { retryAfterHeader } from '../core/reconnect.ts';
import type { FetchOutcome, FirmwareFault, FirmwareSource } from '../firmware/firmware-updates.ts';
import type { FirmwareFile } from './firmware-file.ts';

export interface HubFiles {
  /** Of the hub: `wss://HOST:8443/v1/device`. */
  url: string;
  ca: string | undefined;
  /** `id:secret` as it is now. */
  credential: () => string;
  file: FirmwareFile;
  /** The public key of who signs, Ed25519 as PEM: then a file without its signature is rejected. */
  key?: string | undefined;
}

/** A hub that sends nothing for so long is not waited for. */
const idleMs = 30_000;

/**
 * Gets firmware from the hub, or from where it says, over HTTPS. The credential goes to the hub alone.
 * @throws Error when the key is none of Ed25519
 */
export function hubFirmware(files: HubFiles): FirmwareSource {
  const key = files.key === undefined ? undefined : createPublicKey(files.key);
  if (key !== undefined && key.asymmetricKeyType !== 'ed25519')
    throw new Error(
      `the key of firmware is one of Ed25519, and not of ${key.asymmetricKeyType ?? 'a secret'}`,
    );
  return {
    fetch: (update, onBytes, signal) => fetchInto(files, update, onBytes, signal),
    verify: async (update) => faultOf(files.file, update, key),
    clear: () => files.file.clear(),
  };
}

function fetchInto(
  { url, ca, credential, file }: HubFiles,
  update: OfferedUpdate,
  onBytes: (have: number) => void,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  file.begin(update.sha256);
  const have = file.length;
  if (have === update.size) return Promise.resolve({ kind: 'whole' });
  const hub = new URL(url);
  hub.protocol = hub.protocol === 'wss:' ? 'https:' : 'http:';
  const from = new URL(update.url, hub);
  const isHub = from.host === hub.host && from.protocol === hub.protocol;
  const headers = {
    ...(have === 0 ? {} : { Range: `bytes=${have}-`, 'If-Range': `"${update.sha256}"` }),
    ...(isHub ? { Authorization: `Basic ${Buffer.from(credential()).toString('base64')}` } : {}),
  };
  return new Promise((resolve) => {
    const later = (message: string, afterMs?: number): void => resolve({ kind: 'later', message, afterMs });
    const options = { headers, agent: false, signal, ...(isHub && ca !== undefined ? { ca } : {}) } as const;
    const answered = (response: IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      if (status !== 200 && status !== 206) {
        response.resume();
        if (status === 416) file.clear();
        const afterMs = retryAfterHeader(response.headers['retry-after'], Date.now());
        return later(`the hub answers ${status}`, afterMs);
      }
      // It does not go on where the last attempt stopped.
      if (status === 200 && file.length > 0) file.clear();
      response.on('data', (bytes: Buffer) => {
        if (file.length + bytes.length > update.size) {
          response.destroy();
          file.clear();
          return resolve({ kind: 'spoilt', message: `it is longer than ${update.size} bytes` });
        }
        file.append(bytes);
        return onBytes(file.length);
      });
      response.once('close', () => {
        if (file.length === update.size) resolve({ kind: 'whole' });
        else later(`${file.length} of ${update.size} bytes have come`);
      });
      return undefined;
    };
    const request = (from.protocol === 'https:' ? httpsRequest : httpRequest)(from, options, answered);
    request.setTimeout(idleMs, () => request.destroy(new Error('nothing comes any more')));
    request.once('error', (error) => later(error.message));
    request.end();
  });
}

function faultOf(
  file: FirmwareFile,
  { size, sha256, signature }: OfferedUpdate,
  key: KeyObject | undefined,
): FirmwareFault | undefined {
  if (file.length !== size)
    return { kind: 'spoilt', message: `the file has ${file.length} bytes in place of ${size}` };
  const hash: Hash = createHash('sha256');
  for (const bytes of file.chunks()) hash.update(bytes);
  const digest = hash.digest();
  if (digest.toString('hex') !== sha256)
    return { kind: 'spoilt', message: `the file has the SHA-256 ${digest.toString('hex')}` };
  if (key === undefined) return undefined;
  const signed = signature !== undefined && verify(null, digest, key, Buffer.from(signature, 'base64'));
  if (signed) return undefined;
  const message =
    signature === undefined ? 'it is not signed' : 'its signature was not made with the key of this device';
  return { kind: 'forged', message };
}
