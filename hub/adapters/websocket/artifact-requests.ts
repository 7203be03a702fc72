/** Where devices get firmware: `GET /v1/artifacts/{sha256}`, with the credential of the device. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Bytes } from '../../firmware/artifacts/artifact-store.ts';
import { byteRange } from './byte-range.ts';
import { refusal, unavailable, type UpgradeRefusal } from './upgrade-refusals.ts';

/** Of a file that a device may have. */
interface ServedFile {
  size: number;
  read(first: number, last: number): Bytes;
}

export interface Downloads {
  /** The file of this SHA-256, when this device is to run it; undefined: it may not have it, or there is none. */
  fileFor(deviceId: string, sha256: string): Promise<ServedFile | undefined>;
  /** Downloads at the same time. */
  slots: number;
}

export interface DownloadCounters {
  /** Under way. */
  open: number;
  bytes: number;
  /** Requests, by what became of them. */
  requests: Record<'done' | 'part' | 'not-modified' | 'cut' | 'no-slot' | 'refused', number>;
}

/** A device that takes nothing for so long has its download cut, so that it holds no slot. */
const idleMs = 30_000;
/** A device that finds no slot comes back after this long, up to twice as long, so that not all come together. */
const retrySec = 5;

/**
 * Serves downloads: so many at a time, one for each device. Each gives way to everything else after every chunk: what the hub
 * sends and hears in between does not wait for files.
 */
export class ArtifactRequests {
  readonly #downloads: Downloads;
  /** Of each device. */
  readonly #open = new Map<string, ServerResponse>();
  #cursor = 0;
  readonly counters: DownloadCounters = {
    open: 0,
    bytes: 0,
    requests: { done: 0, part: 0, 'not-modified': 0, cut: 0, 'no-slot': 0, refused: 0 },
  };

  constructor(downloads: Downloads) {
    this.#downloads = downloads;
  }

  /** @returns the refusal, for the caller to send and count; undefined: it was answered */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    deviceId: string,
    sha256: string,
  ): Promise<UpgradeRefusal | undefined> {
    const { requests } = this.counters;
    const file = await this.#downloads.fileFor(deviceId, sha256);
    if (response.destroyed) return undefined;
    if (file === undefined) {
      requests.refused += 1;
      return refusal(404, 'not-found', 'no update of this device has this file now');
    }
    const etag = `"${sha256}"`;
    if (request.headers['if-none-match'] === etag) {
      requests['not-modified'] += 1;
      response.writeHead(304, { ETag: etag, Connection: 'close' }).end();
      return undefined;
    }
    // The file of another SHA-256 has changed: what the device has of it is of no use (RFC 9110 §13.1.5).
    const isSame = (request.headers['if-range'] ?? etag) === etag;
    const range = byteRange(isSame ? request.headers.range : undefined, file.size);
    if (range.kind === 'unsatisfiable') {
      requests.refused += 1;
      const note = `the file has ${file.size} bytes`;
      return refusal(416, 'range', note, { 'Content-Range': `bytes */${file.size}` });
    }
    const head = {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(range.last - range.first + 1),
      'Accept-Ranges': 'bytes',
      ETag: etag,
      'Cache-Control': 'private, no-transform',
      Connection: 'close',
      ...(range.part ? { 'Content-Range': `bytes ${range.first}-${range.last}/${file.size}` } : {}),
    };
    const status = range.part ? 206 : 200;
    if (request.method === 'HEAD') {
      response.writeHead(status, head).end();
      return undefined;
    }
    if (!this.#takeSlot(deviceId, response)) {
      requests['no-slot'] += 1;
      this.#cursor = (this.#cursor + 1) % (retrySec + 1);
      return unavailable(
        'busy',
        'too many devices download at the same time',
        (retrySec + this.#cursor) * 1000,
      );
    }
    response.writeHead(status, head);
    const whole = await this.#send(response, file.read(range.first, range.last));
    this.#freeSlot(deviceId, response);
    requests[whole ? (range.part ? 'part' : 'done') : 'cut'] += 1;
    return undefined;
  }

  close(): void {
    for (const response of this.#open.values()) response.destroy();
  }

  /** A newer request of a device ends its older one, which may hang on a link that is dead. */
  #takeSlot(deviceId: string, response: ServerResponse): boolean {
    const older = this.#open.get(deviceId);
    if (older === undefined && this.#open.size >= this.#downloads.slots) return false;
    this.#open.set(deviceId, response);
    this.counters.open = this.#open.size;
    older?.destroy();
    return true;
  }

  #freeSlot(deviceId: string, response: ServerResponse): void {
    if (this.#open.get(deviceId) === response) this.#open.delete(deviceId);
    this.counters.open = this.#open.size;
  }

  /** @returns whether all of it went out */
  async #send(response: ServerResponse, bytes: Bytes): Promise<boolean> {
    response.setTimeout(idleMs, () => response.destroy());
    try {
      for await (const chunk of bytes) {
        if (response.destroyed) return false;
        this.counters.bytes += chunk.length;
        if (!response.write(chunk)) await drained(response);
        await turn();
      }
      if (response.destroyed) return false;
      await new Promise<void>((resolve) => {
        response.once('close', resolve);
        response.end(resolve);
      });
      return response.writableFinished;
    } catch {
      // The file cannot be read any more: the device sees that bytes are missing, and asks again.
      response.destroy();
      return false;
    }
  }
}

/** Resolves when there is room again, or the connection is gone. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Lets sockets that have something be handled first. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
