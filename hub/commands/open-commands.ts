import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import type { Shares } from '../kernel/share.ts';
import { TokenBucket } from '../kernel/token-bucket.ts';
import { dueMs, type Command } from './command.ts';
import {
  DeviceCommands,
  type DeviceCommandsDeps,
  type OpenCommand,
  type OpenCommandsDeps,
} from './device-commands.ts';
import { DueQueue } from './due-queue.ts';
import type { CommandRecord } from './journal.ts';

/** The wall clock may be set, so due times are looked at this often whatever the timer says. */
const maxTimerMs = 5_000;

/** Whose a command is when room is counted: its requester's, and what a group command sends apart from the rest. */
export function holderOf({ requester, ofGroup }: Pick<Command, 'requester' | 'ofGroup'>): string {
  const actor = requester?.actor ?? 'hub';
  return ofGroup === true ? `group commands of ${actor}` : actor;
}

/** The open commands of all devices, and the one timer of their deadlines. A device that is connected has an entry too. */
export class OpenCommands {
  readonly #clock: Clock;
  readonly #byDevice = new Map<string, DeviceCommands>();
  readonly #deps: DeviceCommandsDeps;
  readonly #due: DueQueue<OpenCommand>;
  readonly #shares: Shares;
  #timer: { atMs: number; cancel: Cancel } | undefined;
  #open = 0;
  #closing = false;

  /** @param shares what each open command takes of them is given back when it has ended */
  constructor(deps: OpenCommandsDeps, shares: Shares) {
    this.#shares = shares;
    this.#clock = deps.clock;
    this.#due = new DueQueue(
      (open) => dueMs(open.command),
      () => this.#all(),
    );
    this.#deps = {
      ...deps,
      // One a minute.
      faultLines: new TokenBucket(deps.clock, 1 / 60, 1),
      changed: (open) => {
        this.#due.push(open);
        this.#armTimer();
      },
      ended: (open) => {
        this.#open--;
        this.#shares.release(holderOf(open.command));
        this.dropIdle(open.owner);
      },
      closing: () => this.#closing,
    };
  }

  /** Commands without a final status in the journal. */
  get open(): number {
    return this.#open;
  }

  /** As `open`, of these devices. */
  openOf(mayShow: (device: string) => boolean): number {
    let count = 0;
    for (const { device, commands } of this.#byDevice.values()) if (mayShow(device)) count += commands.size;
    return count;
  }

  uncertain(): number {
    let count = 0;
    for (const device of this.#byDevice.values()) count += device.uncertain();
    return count;
  }

  get(device: string): DeviceCommands | undefined {
    return this.#byDevice.get(device);
  }

  /** The device's commands; its entry is made when there is none. */
  of(device: string): DeviceCommands {
    const known = this.#byDevice.get(device);
    if (known !== undefined) return known;
    const made = new DeviceCommands(device, this.#deps);
    this.#byDevice.set(device, made);
    return made;
  }

  restore(record: CommandRecord): void {
    this.#take(record);
    this.of(record.command.device).restore(record);
  }

  /** What another hub had until now; nothing when it is here already, since the same move or a later one. */
  take(record: CommandRecord): void {
    const lane = this.of(record.command.device);
    const known = lane.commands.get(record.command.id);
    // One that was accepted here has not moved; what was read of it meanwhile says how it was before.
    if (known !== undefined && (known.moves ?? 0) >= (record.moves ?? 0)) return;
    this.#take(record);
    lane.take(record);
  }

  add(record: CommandRecord): OpenCommand {
    this.#take(record);
    return this.of(record.command.device).add(record);
  }

  /** Who holds each of a device's commands. */
  holders(device: string): string[] {
    const commands = this.#byDevice.get(device)?.commands.values() ?? [];
    return [...commands].map(({ command }) => holderOf(command));
  }

  #take({ command }: CommandRecord): void {
    this.#open++;
    this.#shares.take(holderOf(command));
  }

  dropIdle(commands: DeviceCommands): void {
    if (!commands.isPresent && commands.commands.size === 0) this.#byDevice.delete(commands.device);
  }

  recallAgain(): void {
    for (const commands of this.#byDevice.values()) commands.recallAgain();
  }

  /** Stops the timer; resolves when what is under way is journalled. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#timer?.cancel();
    await Promise.all([...this.#byDevice.values()].map((commands) => commands.settled));
  }

  *#all(): Iterable<OpenCommand> {
    for (const { commands } of this.#byDevice.values()) yield* commands.values();
  }

  #armTimer(): void {
    const nextMs = this.#due.nextMs();
    if (this.#closing || nextMs === undefined) return;
    const nowMs = this.#clock.now();
    const atMs = Math.max(nowMs, Math.min(nextMs, nowMs + maxTimerMs));
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.cancel();
    // Whole milliseconds, and never none: a timer may run a little early by the wall clock.
    const waitMs = Math.max(1, Math.ceil(atMs - nowMs));
    this.#timer = { atMs, cancel: this.#clock.after(waitMs, () => this.#onTimer()) };
  }

  #onTimer(): void {
    this.#timer = undefined;
    for (const open of this.#due.takeDue(this.#clock.now())) {
      void open.owner.handle(open, { kind: 'deadline-passed' });
      void open.owner.handle(open, { kind: 'gave-up' });
      this.#due.push(open);
    }
    this.#armTimer();
  }
}
