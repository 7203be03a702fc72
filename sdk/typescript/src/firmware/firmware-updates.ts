import type { Cancel, Clock } from '../../../../schemas/time/clock.ts';
import type { UpdateWord } from '../../../../schemas/firmware/update-states.ts';
import type { OfferedUpdate } from '../../../../schemas/protocol/hub-frames.ts';
import type { UpdateDetails } from '../core/held-update.ts';
import type { Device } from '../device/device.ts';

/** How an attempt to get the file ended. */
export type FetchOutcome =
  | { kind: 'whole' }
  /** It broke off, or the hub asks to come back: what has come is kept. `afterMs` is what the hub said. */
  | { kind: 'later'; afterMs?: number | undefined; message: string }
  /** What is there is of no use, and was dropped. */
  | { kind: 'spoilt'; message: string };

/** Where the file comes to, and how. */
export interface FirmwareSource {
  /** Goes on where the last attempt stopped. Never rejects. */
  fetch(update: OfferedUpdate, onBytes: (have: number) => void, signal: AbortSignal): Promise<FetchOutcome>;
  /** What is wrong with the whole file: its size, its SHA-256, its signature; undefined: nothing. */
  verify(update: OfferedUpdate): Promise<FirmwareFault | undefined>;
  /** Forgets what has come. */
  clear(): void;
}

export interface FirmwareFault {
  /** `spoilt`: it came wrong, and may come right. `forged`: it will never be right. */
  kind: 'spoilt' | 'forged';
  message: string;
}

/** Installs the file and runs it: a new boot whose `firmware` is the version. What it throws is reported as the failure. */
export type ApplyFirmware = (update: OfferedUpdate) => void | Promise<void>;

interface FollowedUpdates {
  device: Pick<Device, 'on' | 'sayUpdate' | 'isUpdateTold'>;
  source: FirmwareSource;
  apply: ApplyFirmware;
  clock: Pick<Clock, 'after' | 'monotonic'>;
  random: () => number;
}

const firstWaitMs = 1_000;
const longestWaitMs = 60_000;
/** The hub takes a word a second on average. */
const progressMs = 2_000;
/** A file that came wrong so often will not come right. */
const attempts = 3;
/** How long the word `applying` may take to the hub before the device goes on without. */
const toldPatienceMs = 5_000;

/** From now on the device takes new firmware. */
export function followUpdates(deps: FollowedUpdates): void {
  const updates = new FirmwareUpdates(deps);
  deps.device.on('update', (update) => updates.wanted(update));
  deps.device.on('ended', () => updates.stop());
}

/**
 * Brings the device to the firmware that the hub wants: gets the file, verifies it, and applies it. It begins anew after a reboot,
 * goes on after a broken link, and stops when the update is not wanted any more, unless it is being applied.
 */
class FirmwareUpdates {
  readonly #deps: FollowedUpdates;
  /** The update under way, or that has ended here. */
  #current: { update: OfferedUpdate; stop: AbortController } | undefined;
  #isApplying = false;

  constructor(deps: FollowedUpdates) {
    this.#deps = deps;
  }

  wanted(update: OfferedUpdate | undefined): void {
    if (this.#isApplying) return;
    const { update: current, stop } = this.#current ?? {};
    if (current !== undefined && current.id === update?.id && current.sha256 === update.sha256) return;
    stop?.abort();
    this.#current = undefined;
    if (update === undefined) return;
    const next = { update, stop: new AbortController() };
    this.#current = next;
    this.#run(update, next.stop.signal).catch((error: unknown) =>
      this.#say('failed', { error: messageOf(error) }),
    );
  }

  stop(): void {
    this.#current?.stop.abort();
  }

  async #run(update: OfferedUpdate, signal: AbortSignal): Promise<void> {
    const { source } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      await this.#download(update, signal);
      if (signal.aborted) return undefined;
      this.#say('verifying');
      const fault = await source.verify(update);
      if (signal.aborted) return undefined;
      if (fault === undefined) return this.#apply(update);
      source.clear();
      if (fault.kind === 'forged') return this.#say('rejected', { error: fault.message });
      if (attempt === attempts) return this.#say('failed', { error: fault.message });
    }
  }

  async #download(update: OfferedUpdate, signal: AbortSignal): Promise<void> {
    const { source, clock, random } = this.#deps;
    let saidMs = -Infinity;
    let waitMs = firstWaitMs;
    const onBytes = (have: number): void => {
      waitMs = firstWaitMs;
      if (clock.monotonic() - saidMs < progressMs) return;
      saidMs = clock.monotonic();
      this.#say('downloading', { percent: Math.floor((100 * have) / update.size) });
    };
    onBytes(0);
    while (!signal.aborted) {
      const outcome = await source.fetch(update, onBytes, signal);
      if (outcome.kind === 'whole') return;
      if (signal.aborted) return;
      // A person who looks sees why it takes so long.
      this.#say('waiting', { error: outcome.message });
      saidMs = -Infinity;
      const pauseMs = outcome.kind === 'later' ? (outcome.afterMs ?? waitMs) : waitMs;
      // Others were asked to come back as well.
      await this.#wait(pauseMs * (1 + random() / 2), signal);
      waitMs = Math.min(waitMs * 2, longestWaitMs);
    }
  }

  /** The hub is to know that a reboot follows. */
  async #apply(update: OfferedUpdate): Promise<void> {
    const { device, clock } = this.#deps;
    this.#isApplying = true;
    this.#say('applying');
    const untilMs = clock.monotonic() + toldPatienceMs;
    while (!device.isUpdateTold() && clock.monotonic() < untilMs) await this.#wait(50);
    try {
      await this.#deps.apply(update);
    } catch (error) {
      this.#say('failed', { error: messageOf(error) });
    } finally {
      this.#isApplying = false;
    }
  }

  #say(word: UpdateWord, details: UpdateDetails = {}): void {
    this.#deps.device.sayUpdate(word, details);
  }

  #wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel | undefined = undefined;
      const done = (): void => {
        cancel?.();
        signal?.removeEventListener('abort', done);
        resolve();
      };
      cancel = this.#deps.clock.after(ms, done);
      signal?.addEventListener('abort', done);
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
