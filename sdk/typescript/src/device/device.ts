import type { UpdateWord } from '../../../../schemas/firmware/update-states.ts';
import type { LogLevel, Sample, Severity } from '../../../../schemas/protocol/device-frames.ts';
import { systemClock, type Cancel, type Clock } from '../../../../schemas/time/clock.ts';
import type { JsonObject } from '../../../../schemas/twin/merge-patch.ts';
import type { EndedBoot } from '../core/boots.ts';
import type { CommandHandler, HandlerOptions } from '../core/command-runner.ts';
import { HubCore } from '../core/core.ts';
import type {
  ByeOptions,
  CoreEvents,
  CoreSettings,
  Counts,
  DeviceIdentity,
  MeasureOptions,
} from '../core/core-settings.ts';
import type { DesiredHandler } from '../core/held-twin.ts';
import type { UpdateDetails } from '../core/held-update.ts';
import type { Settlement } from '../core/outbox.ts';
import { Emitter } from './emitter.ts';
import type { Link, LinkHandlers, OpenLink } from './link.ts';

export interface DeviceSettings
  extends
    DeviceIdentity,
    Partial<
      Pick<
        CoreSettings,
        | 'boot'
        | 'endedBoots'
        | 'cbor'
        | 'store'
        | 'memory'
        | 'remembersCommands'
        | 'capacity'
        | 'backoffFirstMs'
        | 'random'
      >
    > {
  /** `wss://HOST:8443/v1/device` */
  url: string;
  openLink: OpenLink;
  clock?: Clock | undefined;
}

/** Node takes a longer timer for none; the step that comes too early does nothing. */
const longestTimerMs = 3_600_000;

/**
 * A device on the hub: the core, joined with a link and a clock. It does nothing before `wake`, and then connects again and again
 * until `bye` or `close`; what happens are its events.
 */
export class Device extends Emitter<CoreEvents> {
  readonly #settings: DeviceSettings;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #core: HubCore;
  #link: { number: number; link: Link } | undefined;
  #cancelStep: Cancel | undefined;
  #stepping = false;
  #stepAgain = false;
  #whenClosed: (() => void)[] = [];

  /** @throws TypeError when the URL is none of a hub */
  constructor(settings: DeviceSettings) {
    super();
    if (!/^wss?:$/.test(new URL(settings.url).protocol))
      throw new TypeError(`the address of a hub begins with wss:// ; this one is ${settings.url}`);
    const { clock = systemClock, boot = newBoot(), random = Math.random } = settings;
    this.#settings = settings;
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
    this.#core = new HubCore(
      {
        ...settings,
        boot,
        random,
        wallClock: () => clock.now(),
        emit: (name, ...values) => this.emit(name, ...values),
        changed: () => this.#step(),
      },
      0,
    );
  }

  /** The name of this run of the device. */
  get boot(): string {
    return this.#core.boot;
  }

  /** Time since boot, ms; never steps. */
  uptime(): number {
    return this.#clock.monotonic() - this.#startedMs;
  }

  /** The hub's clock, Unix ms, as this device estimates it: it may be early, never late. Undefined before the first session. */
  time(): number | undefined {
    return this.#core.time(this.uptime());
  }

  /** The boots that the hub would not have heard of if this one ended now. */
  get endedBoots(): readonly EndedBoot[] {
    return this.#core.endedBoots;
  }

  /** Whether a session is open. */
  get isOpen(): boolean {
    return this.#core.isOpen;
  }

  /** After `bye`: whether the hub has everything. */
  get isDone(): boolean {
    return this.#core.isDone;
  }

  /** For what stands behind the store and the memory: something is not kept. */
  complain(what: string): void {
    this.emit('trouble', what);
  }

  counts(): Counts {
    return this.#core.counts();
  }

  /** Connects, unless it has done so: at the start, after `bye`, or sooner than planned. */
  wake(): void {
    this.#core.wake(this.uptime());
    this.#step();
  }

  /**
   * Takes a reading of a stream. It is kept until the hub has it. Resolves then, which may take as long as the hub is away. Never
   * rejects.
   */
  measure(stream: string, data: unknown, options?: MeasureOptions): Promise<Settlement> {
    return this.#add({ kind: 'reading', stream }, data, options);
  }

  /** Takes several readings of one stream, which leave together. @returns one settlement for each, in the same order */
  measureAll(
    stream: string,
    samples: readonly Sample[],
    options: Pick<MeasureOptions, 'backfill' | 'boot'> = {},
  ): Promise<Settlement[]> {
    const up = this.uptime();
    const settled = samples.map(({ data, ...time }) =>
      this.#core.measure(up, { kind: 'reading', stream }, data, { ...options, ...time }),
    );
    this.#step();
    return Promise.all(settled);
  }

  /** Reports an event; otherwise as `measure`. */
  report(name: string, severity: Severity, data?: unknown, options?: MeasureOptions): Promise<Settlement> {
    return this.#add({ kind: 'event', name, severity }, data, options);
  }

  /** A line for the log of the device at the hub, if its type has `"logs": true`. It is kept in memory only. */
  log(level: LogLevel, msg: string, tag?: string): void {
    this.#core.log(this.uptime(), level, msg, tag);
    this.#step();
  }

  /** Commands without a handler are answered `rejected`. */
  onCommand(name: string, handler: CommandHandler, options?: HandlerOptions): void {
    this.#core.onCommand(name, handler, options);
  }

  /** Called with what the device should hold, at once with what an earlier boot held. Without it, that is ignored. */
  onDesired(handler: DesiredHandler): void {
    this.#core.onDesired(handler);
  }

  /** What holds on the device now, as a whole; sent again until the hub has it. @throws TypeError when it is no JSON */
  reported(state: JsonObject): void {
    this.#core.reported(this.uptime(), state);
    this.#step();
  }

  /**
   * How far the device is with the update of the event `update`; said until the hub has it. A device with the setting `updates` says it by itself.
   * @returns false when the hub wants none
   */
  sayUpdate(state: UpdateWord, details: UpdateDetails = {}): boolean {
    const isWanted = this.#core.update.say(state, details);
    this.#step();
    return isWanted;
  }

  /** The hub has everything that was said of the update. */
  isUpdateTold(): boolean {
    return this.#core.update.isTold;
  }

  /** What the device proves itself with now; the hub may have given it a newer secret. */
  get credential(): { id: string; secret: string } {
    return { id: this.#settings.id, secret: this.#core.secret };
  }

  /**
   * Says goodbye when everything is sent, or when the patience is over; what is not sent is kept. With `sleepSec` the device comes
   * back after that time, otherwise by `wake`. Resolves when it has left, with whether the hub has everything.
   */
  bye(options: ByeOptions = {}): Promise<boolean> {
    const left = new Promise<boolean>((resolve) => {
      this.once('left', resolve);
    });
    this.#core.bye(this.uptime(), options);
    this.#step();
    return left;
  }

  /** Ends this device: what is not settled is `dropped`, and waits in the store for the next boot. Resolves when the link is closed. */
  close(): Promise<void> {
    this.#core.end(this.uptime());
    this.#cancelStep?.();
    this.emit('ended');
    if (this.#link === undefined) return Promise.resolve();
    const { link } = this.#link;
    return new Promise((resolve) => {
      this.#whenClosed.push(resolve);
      link.close();
    });
  }

  #add(
    what: Parameters<HubCore['measure']>[1],
    data: unknown,
    options: MeasureOptions | undefined,
  ): Promise<Settlement> {
    const settled = this.#core.measure(this.uptime(), what, data, options);
    this.#step();
    return settled;
  }

  /** Lets the core do what is due, and does what it says. What comes up meanwhile is done right after. */
  #step(): void {
    this.#stepAgain = true;
    if (this.#stepping) return;
    this.#stepping = true;
    let waitMs = Infinity;
    try {
      while (this.#stepAgain) {
        this.#stepAgain = false;
        // What came last is answered before a command of it begins.
        this.#flush();
        waitMs = this.#core.step(this.uptime());
        this.#flush();
        this.#followWish();
      }
    } finally {
      this.#stepping = false;
    }
    this.#cancelStep?.();
    if (waitMs !== Infinity)
      this.#cancelStep = this.#clock.after(Math.min(waitMs, longestTimerMs), () => this.#step());
  }

  #flush(): void {
    const output = this.#core.output();
    if (output.length === 0) return;
    if (this.#link?.number === this.#core.wantsLink)
      for (const message of output) this.#link.link.send(message);
    this.#core.sent(output.length);
  }

  /** Opens the link that the core wants, and ends one that it no longer wants; the last one of a closed device ends by itself. */
  #followWish(): void {
    const wanted = this.#core.wantsLink;
    const { number = 0, link } = this.#link ?? {};
    if (number === wanted) return;
    if (link !== undefined && this.#whenClosed.length === 0) {
      this.#link = undefined;
      link.destroy();
    }
    if (wanted !== 0) this.#open(wanted);
  }

  #open(number: number): void {
    const { url, id, openLink } = this.#settings;
    const isMine = (): boolean => this.#link?.number === number;
    const handlers: LinkHandlers = {
      opened: () => {
        if (isMine()) this.#tell(() => this.#core.opened(this.uptime()));
      },
      heard: () => {
        if (isMine()) this.#core.heard(this.uptime());
      },
      message: (message) => {
        if (isMine()) this.#tell(() => this.#core.take(this.uptime(), message));
      },
      ended: (ending) => {
        if (!isMine()) return;
        this.#link = undefined;
        this.#tell(() => this.#core.closed(this.uptime(), ending));
        for (const closed of this.#whenClosed.splice(0)) closed();
      },
    };
    const { secret, subprotocol } = this.#core;
    try {
      this.#link = { number, link: openLink({ url, id, secret, subprotocol }, handlers) };
    } catch (error) {
      // Such as a policy of the page that forbids it. Later it may be allowed.
      this.#core.closed(this.uptime(), {
        kind: 'failed',
        message: error instanceof Error ? error.message : String(error),
      });
      this.#stepAgain = true;
    }
  }

  /** What the core does in the call is followed after it, and not in the middle. */
  #tell(call: () => void): void {
    this.#stepping = true;
    try {
      call();
    } finally {
      this.#stepping = false;
    }
    this.#step();
  }
}

/** A name that no other boot has. `randomUUID` is not there for a page without TLS. */
function newBoot(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
