import { systemClock, type Clock } from '../../../../schemas/time/clock.ts';
import { typeOf, type Message } from '../core/frame-codec.ts';
import type { Device } from '../device/device.ts';
import type { Link, LinkHandlers, OpenLink } from '../device/link.ts';

/** Deliberate mistakes in answering commands. */
export interface AnswerFaults {
  /** Delay of `received`, ms. */
  slowAckMs?: number;
  /** `received` is never sent; the result is. */
  neverAck?: boolean;
  /** Every result is sent twice. */
  duplicateResult?: boolean;
  /** Delay of every result, ms. */
  slowResultMs?: number;
}

/**
 * Deliberate faults between a device and its hub, to try out both: `new LinkFaults(open)` stands between the device, which gets
 * `faults.open` as `openLink`, and the real links.
 */
export class LinkFaults {
  /** The device's `openLink`. */
  readonly open: OpenLink;
  /** Faults in answering commands, from now on. */
  answers: AnswerFaults = {};
  #link: FaultyLink | undefined;
  /** A device that tries to connect while nothing gets through. */
  #unreached: LinkHandlers | undefined;
  /** The device neither sends nor reads. */
  #frozen = false;

  /** @param open the links that would be used without faults */
  constructor(open: OpenLink, clock: Pick<Clock, 'after'> = systemClock) {
    this.open = (address, handlers) => {
      if (this.#frozen) {
        this.#unreached = handlers;
        return this.#deadLink(handlers);
      }
      const link = new FaultyLink(handlers, (faulty) => open(address, faulty), {
        clock,
        now: () => ({ frozen: this.#frozen, answers: this.answers }),
      });
      this.#link = link;
      return link;
    };
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  /** The application hangs, but the network stack still answers pings. Ends with `resume`. */
  hang(): void {
    this.#frozen = true;
  }

  /** The network disappears without any notice. Ends with `resume`. */
  vanish(): void {
    this.#frozen = true;
    this.#link?.pause();
  }

  /** Destroys the link without a close frame; the device reconnects. */
  cut(): void {
    this.#link?.cut('cut');
  }

  /** Sends a text frame that is not part of the protocol. */
  say(text: string): void {
    this.#link?.say(text);
  }

  /** Sends but does not read, until `readAgain` or the end of the link. */
  stopReading(): void {
    this.#link?.pause();
  }

  readAgain(): void {
    this.#link?.resume();
  }

  /** Ends `hang` and `vanish`: drops the old link and connects immediately. */
  resume(device: Pick<Device, 'wake'>): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#link?.cut('resumed');
    this.#unreached?.ended({ kind: 'failed', message: 'resumed' });
    this.#unreached = undefined;
    device.wake();
  }

  /** A link that comes to nothing. The end of the device ends the old one too. */
  #deadLink(handlers: LinkHandlers): Link {
    return {
      send: () => undefined,
      destroy: () => undefined,
      close: () => {
        this.#link?.cut('closed');
        handlers.ended({ kind: 'failed', message: 'closed' });
      },
    };
  }
}

interface FaultState {
  clock: Pick<Clock, 'after'>;
  now: () => { frozen: boolean; answers: AnswerFaults };
}

class FaultyLink implements Link {
  readonly #handlers: LinkHandlers;
  readonly #link: Link;
  readonly #state: FaultState;
  /** The device has given it up while it was frozen; the socket stays, as that of a device that has vanished does. */
  #abandoned = false;
  #ended = false;

  constructor(handlers: LinkHandlers, open: (handlers: LinkHandlers) => Link, state: FaultState) {
    this.#handlers = handlers;
    this.#state = state;
    const hears = (): boolean => !state.now().frozen && !this.#abandoned && !this.#ended;
    this.#link = open({
      opened: () => {
        if (hears()) handlers.opened();
      },
      heard: () => {
        if (hears()) handlers.heard();
      },
      message: (message) => {
        if (hears()) handlers.message(message);
      },
      ended: (ending) => {
        if (this.#ended) return;
        this.#ended = true;
        if (!this.#abandoned) handlers.ended(ending);
      },
    });
  }

  send(message: Message): void {
    const { frozen, answers } = this.#state.now();
    if (frozen) return;
    const { slowAckMs = 0, slowResultMs = 0, neverAck = false, duplicateResult = false } = answers;
    const type = typeOf(message);
    if (type === 'received') {
      if (!neverAck) this.#later(slowAckMs, message);
    } else if (type === 'result') {
      this.#later(slowResultMs, message);
      if (duplicateResult) this.#later(slowResultMs, message);
    } else this.#link.send(message);
  }

  say(text: string): void {
    if (!this.#state.now().frozen) this.#link.send(text);
  }

  close(): void {
    if (!this.#state.now().frozen) return this.#link.close();
    this.#abandoned = true;
    this.#link.destroy();
    this.#handlers.ended({ kind: 'closed', code: 1006, reason: 'closed' });
    return undefined;
  }

  destroy(): void {
    if (this.#state.now().frozen) this.#abandoned = true;
    else {
      this.#ended = true;
      this.#link.destroy();
    }
  }

  cut(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#link.destroy();
    if (!this.#abandoned) this.#handlers.ended({ kind: 'closed', code: 1006, reason });
  }

  pause(): void {
    this.#link.pause?.();
  }

  resume(): void {
    this.#link.resume?.();
  }

  #later(ms: number, message: Message): void {
    if (ms === 0) this.#link.send(message);
    else
      this.#state.clock.after(ms, () => {
        if (!this.#state.now().frozen) this.#link.send(message);
      });
  }
}
