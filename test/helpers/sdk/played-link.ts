import type { DeviceFrame } from '../../../schemas/index.ts';
import type { Address, Ending, Link, LinkHandlers, OpenLink } from '../../../sdk/typescript/src/node.ts';

/** One link of a device to a hub that the test plays, without a network. */
export class PlayedLink implements Link {
  readonly address: Address;
  readonly sent: string[] = [];
  /** Neither closed nor destroyed. */
  isUp = true;
  readonly #handlers: LinkHandlers;

  constructor(address: Address, handlers: LinkHandlers) {
    this.address = address;
    this.#handlers = handlers;
  }

  get frames(): DeviceFrame[] {
    return this.sent.map((text) => JSON.parse(text) as DeviceFrame);
  }

  opened(): void {
    if (this.isUp) this.#handlers.opened();
  }

  /** The hub says this: a frame, or any text. */
  say(frame: object | string): void {
    if (this.isUp) this.#handlers.text(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  end(ending: Ending = { kind: 'closed', code: 1006, reason: '' }): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#handlers.ended(ending);
  }

  send(text: string): void {
    this.sent.push(text);
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
