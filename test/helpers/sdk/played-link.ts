import assert from 'node:assert/strict';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { writeCbor } from '../../../schemas/cbor/cbor-writer.ts';
import { subprotocols } from '../../../schemas/limits.ts';
import type { DeviceFrame } from '../../../schemas/index.ts';
import type {
  Address,
  Ending,
  Link,
  LinkHandlers,
  Message,
  OpenLink,
} from '../../../sdk/typescript/src/node.ts';

/** One link of a device to a hub that the test plays, without a network. */
export class PlayedLink implements Link {
  readonly address: Address;
  readonly sent: Message[] = [];
  /** Neither closed nor destroyed. */
  isUp = true;
  readonly #handlers: LinkHandlers;

  constructor(address: Address, handlers: LinkHandlers) {
    this.address = address;
    this.#handlers = handlers;
  }

  get frames(): DeviceFrame[] {
    return this.sent.map((message) => frameOf(message));
  }

  opened(): void {
    if (this.isUp) this.#handlers.opened();
  }

  /** The hub says this: a frame, or any text. */
  say(frame: object | string): void {
    if (this.isUp) this.#handlers.message(messageOf(frame, this.address.subprotocol === subprotocols.cbor));
  }

  sayBytes(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.isUp) this.#handlers.message(bytes);
  }

  end(ending: Ending = { kind: 'closed', code: 1006, reason: '' }): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#handlers.ended(ending);
  }

  send(message: Message): void {
    this.sent.push(message);
  }

  close(): void {
    this.end({ kind: 'closed', code: 1000, reason: '' });
  }

  destroy(): void {
    this.isUp = false;
  }
}

/** The links of a device, the newest last. */
export class PlayedLinks {
  readonly all: PlayedLink[] = [];
  readonly open: OpenLink = (address, handlers) => {
    const link = new PlayedLink(address, handlers);
    this.all.push(link);
    return link;
  };

  get last(): PlayedLink | undefined {
    return this.all.at(-1);
  }

  /** What was sent over all of them. */
  get frames(): DeviceFrame[] {
    return this.all.flatMap(({ frames }) => frames);
  }
}

/** What a hub sends. */
export function messageOf(frame: object | string, isBinary: boolean): Message {
  if (typeof frame === 'string') return frame;
  return isBinary ? writeCbor(frame) : JSON.stringify(frame);
}

/** What a device sent. */
export function frameOf(message: Message): DeviceFrame {
  if (typeof message === 'string') return JSON.parse(message) as DeviceFrame;
  const read = readCbor(message);
  assert.ok(read.kind === 'read' && read.faults === undefined);
  return read.value as DeviceFrame;
}

/** A hub that takes everything; times are those of a device whose boot began at 0. */
export function welcomeFrame(now = 1_767_225_600_000, t1 = 0): object {
  return {
    type: 'welcome',
    epoch: 1,
    t1,
    now,
    heartbeatSec: 30,
    graceSec: 15,
    ackDelayMs: 500,
    backoffMaxMs: 30_000,
    limits: { frameBytes: 65_536, samples: 500, inFlight: 8, messagesPerSec: 1_000 },
  };
}
