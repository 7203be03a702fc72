/** What a device with a fault does with new firmware; see faulty-device.ts. */

import { createHash } from 'node:crypto';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import type { FaultyParts } from './faulty-twin.ts';

interface Offer {
  id: string;
  url: string;
  sha256: string;
  size: number;
}

interface Server {
  /** As the device connects to it: `ws://…`. */
  url: string;
  authorization: string;
  ca: Buffer | undefined;
}

interface Word {
  type: 'update-status';
  re: string;
  state: string;
  error?: string;
}

export class FaultyFirmware {
  readonly #parts: FaultyParts;
  readonly #server: Server;
  #wanted: Offer | undefined;
  #owed: Word | undefined;
  #have = Buffer.alloc(0);

  constructor(parts: FaultyParts, server: Server) {
    this.#parts = parts;
    this.#server = server;
  }

  welcomed(update: unknown): void {
    this.wanted(update as Offer | undefined);
    if (this.#owed !== undefined && !this.#parts.has('word-once')) this.#parts.send({ ...this.#owed });
  }

  /** @param update none: it is not wanted any more */
  wanted(update: Offer | undefined): void {
    if (update?.id === this.#wanted?.id) return;
    if (update === undefined && this.#parts.has('ignores-withdrawal')) return;
    this.#wanted = update;
    this.#owed = undefined;
    this.#have = Buffer.alloc(0);
    if (update !== undefined) this.#fetch(update);
  }

  acked(id: string): void {
    if (this.#owed?.re === id) this.#owed = undefined;
  }

  #fetch(update: Offer): void {
    if (this.#wanted !== update) return;
    const { has } = this.#parts;
    const atHub = update.url.startsWith('/');
    const base = this.#server.url.replace(/^ws/, 'http');
    const url = new URL(update.url, base);
    const isTold = atHub ? !has('anonymous-download') : has('secret-for-anyone');
    const range = { range: `bytes=${this.#have.length}-` };
    const ifRange = has('range-without-if-range') ? {} : { 'if-range': `"${update.sha256}"` };
    const headers = {
      ...(isTold ? { authorization: this.#server.authorization } : {}),
      ...(this.#have.length > 0 ? { ...range, ...ifRange } : {}),
    };
    const ca = this.#server.ca;
    const take = (response: IncomingMessage): void => this.#take(update, response);
    const request =
      url.protocol === 'https:'
        ? getSecure(url, { headers, agent: false, ...(ca === undefined ? {} : { ca }) }, take)
        : getPlain(url, { headers, agent: false }, take);
    request.on('error', () => this.#brokeOff(update));
  }

  #take(update: Offer, response: IncomingMessage): void {
    const { statusCode, headers } = response;
    if (statusCode !== 200 && statusCode !== 206) {
      response.resume();
      const seconds = this.#parts.has('ignores-hints') ? 0 : Number(headers['retry-after'] ?? 1);
      setTimeout(() => this.#fetch(update), seconds * 1_000);
      return;
    }
    if (statusCode === 200) this.#have = Buffer.alloc(0);
    response.on('data', (data: Buffer) => {
      this.#have = Buffer.concat([this.#have, data]);
      if (this.#have.length >= update.size) this.#verify(update);
    });
    response.on('error', () => undefined);
    response.on('close', () => {
      if (this.#have.length < update.size) this.#brokeOff(update);
    });
  }

  #brokeOff(update: Offer): void {
    if (this.#parts.has('gives-up-download')) this.#say(update, 'failed', 'the download broke off');
    else setTimeout(() => this.#fetch(update), 300);
  }

  #verify(update: Offer): void {
    const { has } = this.#parts;
    const isRight = createHash('sha256').update(this.#have).digest('hex') === update.sha256;
    if (isRight || has('applies-anything')) this.#say(update, 'applying');
    else this.#say(update, 'failed', has('fails-without-words') ? undefined : 'the file has another SHA-256');
  }

  #say(update: Offer, state: string, error?: string): void {
    if (this.#wanted !== update) return;
    this.#owed = { type: 'update-status', re: update.id, state, ...(error === undefined ? {} : { error }) };
    this.#parts.send({ ...this.#owed });
  }
}
