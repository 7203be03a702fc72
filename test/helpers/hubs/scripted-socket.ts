import assert from 'node:assert/strict';
import type { DeviceSocket } from '../../../hub/sessions/outbox.ts';
import { readCbor } from '../../../schemas/cbor/cbor-reader.ts';
import { hubFrameChecks, type HubFrame } from '../../../schemas/index.ts';
import { subprotocols } from '../../../schemas/limits.ts';

/** A frame the hub sent, with its members loosely typed for assertions. */
export type Sent = { type: HubFrame['type'] } & Record<string, unknown>;

/** A device's socket in memory. Each frame sent is held against the protocol's own schemas. */
export class ScriptedSocket implements DeviceSocket {
  bufferedAmount = 0;
  pings = 0;
  readonly sent: Sent[] = [];
  readonly unlawful: unknown[] = [];
  closedWith: { code: number; reason: string } | undefined;
  /** Called at each ping: a stack that answers calls `session.pong()`. */
  onPing: () => void = () => {};
  readonly protocol: string;

  constructor(protocol = '') {
    this.protocol = protocol;
  }

  send(message: string | Uint8Array): void {
    assert.equal(this.closedWith, undefined, 'nothing is sent after the close frame (RFC 6455 §5.5.1)');
    const frame = this.#read(message);
    this.sent.push(frame);
    const fault = hubFrameChecks[frame.type](frame);
    if (fault !== undefined) this.unlawful.push({ fault, frame });
  }

  ping(): void {
    this.pings += 1;
    this.onPing();
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason: String(JSON.parse(reason).code) };
  }

  #read(message: string | Uint8Array): Sent {
    assert.equal(typeof message === 'string', this.protocol !== subprotocols.cbor);
    if (typeof message === 'string') return JSON.parse(message) as Sent;
    const read = readCbor(message);
    assert.ok(read.kind === 'read' && read.faults === undefined);
    return Array.isArray(read.value)
      ? { type: 'ack', upTo: (read.value as number[])[1] }
      : (read.value as Sent);
  }

  /** Frames of one type sent so far. */
  of(type: HubFrame['type']): Sent[] {
    return this.sent.filter((frame) => frame.type === type);
  }

  /** Each ack and nack in order: `ack 3`, `nack 2 schema`, `nack 2 schema [0,4]`. */
  get answers(): string[] {
    return this.sent.flatMap((frame) => {
      if (frame.type === 'ack') return [`ack ${String(frame['upTo'])}`];
      if (frame.type !== 'nack') return [];
      const { seq, code, rejectedSamples: samples } = frame;
      const of = samples === undefined ? '' : ` ${JSON.stringify(samples)}`;
      return [`nack ${typeof seq === 'number' ? seq : '-'} ${String(code)}${of}`];
    });
  }
}
