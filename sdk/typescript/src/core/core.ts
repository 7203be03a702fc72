import { cutText } from '../../../../schemas/cut-text.ts';
import { limits } from '../../../../schemas/limits.ts';
import type { LogLevel } from '../../../../schemas/protocol/device-frames.ts';
import type { JsonObject } from '../../../../schemas/twin/merge-patch.ts';
import type { EndedBoot } from './boots.ts';
import type { CommandHandler, HandlerOptions } from './command-runner.ts';
import type { CoreParts } from './core-parts.ts';
import { CoreSession } from './core-session.ts';
import type { ByeOptions, CoreSettings, Counts, MeasureOptions } from './core-settings.ts';
import type { Message } from './frame-codec.ts';
import type { DesiredHandler } from './held-twin.ts';
import type { HeldUpdate } from './held-update.ts';
import type { KeptReading } from './kept-reading.ts';
import type { Settlement } from './outbox.ts';
import type { Ending } from './reconnect.ts';

/**
 * The session of a device with the hub, without any I/O: it opens no socket, reads no clock and draws no random number by itself.
 * A port tells it what happens, each time with the uptime in ms, and does what it says. Its states are in `core-session.ts`.
 *
 * It tries forever, keeps each reading until it is settled, and never runs a command late or twice.
 */
export class HubCore {
  readonly #session: CoreSession;
  readonly #parts: CoreParts;

  /** Loads what outlived the last boot. @param up the uptime, ms @throws Error when the memory is that of another device */
  constructor(settings: CoreSettings, up: number) {
    this.#session = new CoreSession(settings, up);
    this.#parts = this.#session.parts;
  }

  // ---- for the firmware ----------------------------------------------------------------------------------------------

  /** The name of this run of the device. */
  get boot(): string {
    return this.#parts.boots.name;
  }

  /** The hub's clock, Unix ms, as this device estimates it: it may be early, never late. Undefined before the first session. */
  time(up: number): number | undefined {
    return this.#parts.offset.hubTime(up);
  }

  /** The boots that the hub would not have heard of if this one ended now: what the next one gets as `endedBoots`. */
  get endedBoots(): readonly EndedBoot[] {
    return this.#parts.boots.ended;
  }

  /** For what the device says of the firmware that it should run. */
  get update(): HeldUpdate {
    return this.#parts.update;
  }

  /** Whether a session is open. */
  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  /** After `bye`: whether the hub has everything and has closed. */
  get isDone(): boolean {
    return this.#session.isDone;
  }

  counts(): Counts {
    return {
      ...this.#parts.outbox.counts,
      waiting: this.#parts.outbox.size,
      sent: this.#parts.sender.sent,
      logsLost: this.#parts.sender.logs.lost,
      sessions: this.#session.sessions,
    };
  }

  /**
   * Puts a reading of a stream, or with a name and severity an event, into the store. It is sent when there is room, and kept until
   * it is settled. Resolves then, which may take as long as the hub is away. Never rejects.
   */
  measure(
    up: number,
    what: KeptReading['what'],
    data: unknown,
    options: MeasureOptions = {},
  ): Promise<Settlement> {
    this.#at(up);
    // The device's own wall clock may be wrong; what its uptime means is known to the hub. It takes three decimals.
    const { ts, up: taken = up, backfill = false, boot } = options;
    const time = ts === undefined ? { up: this.#parts.outbox.moments.apart(taken, what) } : { ts };
    return new Promise((settle) => {
      if (this.#session.isClosed) settle({ kind: 'dropped', cause: 'closed' });
      else this.#parts.outbox.add({ what, time, data, backfill, boot, settle });
    });
  }

  /** A line for the log of the device at the hub. It waits in memory only, and gives way when there are too many. */
  log(up: number, level: LogLevel, msg: string, tag?: string): void {
    this.#at(up);
    if (this.#session.isClosed || msg === '') return;
    this.#parts.sender.logs.add({ level, msg: cutText(msg, limits.logText), tag, time: { up } });
  }

  /** Commands without a handler are answered `rejected`. */
  onCommand(name: string, handler: CommandHandler, options?: HandlerOptions): void {
    this.#parts.runner.handle(name, handler, options);
  }

  /** Without a handler, what is desired of the device is ignored. */
  onDesired(handler: DesiredHandler): void {
    this.#parts.twin.handle(handler);
  }

  /** What holds on the device now, as a whole; sent again until the hub has it. @throws TypeError when it is no JSON */
  reported(up: number, state: JsonObject): void {
    this.#at(up);
    this.#parts.twin.report(JSON.parse(JSON.stringify(state)) as JsonObject);
  }

  /** Says goodbye when everything is sent; the event `left` tells the outcome. */
  bye(up: number, options: ByeOptions): void {
    this.#at(up);
    this.#session.bye(options);
  }

  /** Begins to want a link, unless it does already: at the start, and after `bye`. */
  wake(up: number): void {
    this.#at(up);
    this.#session.wake();
  }

  // ---- for the port --------------------------------------------------------------------------------------------------

  /** Does what is due. @returns ms until more is due; call it again then, or when something has happened. Infinity: nothing is */
  step(up: number): number {
    this.#at(up);
    if (this.#session.isClosed) return Infinity;
    this.#parts.agenda.runDue();
    this.#parts.runner.begin();
    this.#session.proceed();
    return this.#parts.agenda.nextInMs();
  }

  /** The number of the link that is wanted now; 0 when there should be none. A new number is a new link. */
  get wantsLink(): number {
    return this.#session.wantsLink;
  }

  /** The secret to open a link with. */
  get secret(): string {
    return this.#parts.secrets.current;
  }

  /** The subprotocol to open a link with. */
  get subprotocol(): string {
    return this.#session.subprotocol;
  }

  /** The link that was wanted is open: TCP, TLS and the WebSocket. */
  opened(up: number): void {
    this.#at(up);
    this.#session.opened();
  }

  /** The link that was wanted is gone, or could not be opened. */
  closed(up: number, ending: Ending): void {
    this.#at(up);
    this.#session.drop(ending);
  }

  /** Something else than a frame came from the hub, such as a ping. */
  heard(up: number): void {
    this.#at(up);
    this.#parts.heartbeat.heard();
  }

  /** A message came. */
  take(up: number, message: Message): void {
    this.#at(up);
    this.#session.take(message);
  }

  /** Messages to send, the oldest first. */
  output(): readonly Message[] {
    return this.#session.output;
  }

  /** The first `count` of the output were handed to the link. */
  sent(count: number): void {
    this.#session.sent(count);
  }

  /** Ends this core: what is not settled is `dropped`, and waits in the store for the next boot. */
  end(up: number): void {
    this.#at(up);
    this.#session.end();
  }

  #at(up: number): void {
    this.#parts.agenda.moveTo(up);
  }
}
