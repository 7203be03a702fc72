import type { Requester } from '../../schemas/api/requester.ts';
import type { Cancel, Clock } from '../../schemas/time/clock.ts';
import { dueMs } from './command.ts';
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
export function holderOf(requester: Requester | undefined, ofGroup: boolean): string {
  const actor = requester?.actor ?? 'hub';
  return ofGroup ? `group commands of ${actor}` : actor;
}

/**
 * Room for open commands, and who holds it. Each may hold as many as are still free, so that there is room for one
 * more whatever the others hold; alone that is half of all.
 */
export class CommandShares {
  readonly #room: number;
  readonly #held = new Map<string, number>();
  #total = 0;

  /** @param share what one may hold when nobody else holds any */
  constructor(share: number) {
    this.#room = 2 * share;
  }

  hasRoom(holder: string): boolean {
    return (this.#held.get(holder) ?? 0) < this.#room - this.#total;
  }

  take(holder: string): void {
    this.#total += 1;
    this.#held.set(holder, (this.#held.get(holder) ?? 0) + 1);
  }

  release(holder: string): void {
    this.#total -= 1;
    const left = (this.#held.get(holder) ?? 1) - 1;
    if (left > 0) this.#held.set(holder, left);
    else this.#held.delete(holder);
  }
}

/** The open commands of all devices, and the one timer of their deadlines. A device that is connected has an entry too. */
export class OpenCommands {
  readonly #clock: Clock;
  readonly #byDevice = new Map<string, DeviceCommands>();
  readonly #deps: DeviceCommandsDeps;
  readonly #due: DueQueue<OpenCommand>;
  readonly #shares: CommandShares;
  readonly #holders = new Map<OpenCommand, string>();
  #timer: { atMs: number; cancel: Cancel } | undefined;
  #open = 0;
  #closing = false;

  /** @param shares what each open command takes of them is given back when it has ended */
  constructor(deps: OpenCommandsDeps, shares: CommandShares) {
    this.#shares = shares;
    this.#clock = deps.clock;
    this.#due = new DueQueue(
      (open) => dueMs(open.command),
      () => this.#all(),
    );
    this.#deps = {
      ...deps,
      changed: (open) => {
        this.#due.push(open);
        this.#armTimer();
      },
      ended: (open) => {
        this.#open--;
        this.#shares.release(this.#holders.get(open) ?? '');
        this.#holders.delete(open);
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
    this.#open++;
    const { device, id, requester } = record.command;
    const owner = this.of(device);
    owner.restore(record);
    const open = owner.commands.get(id);
    if (open !== undefined) this.#hold(open, holderOf(requester, false));
  }

  /** @param holder who holds its room from now on */
  add(record: CommandRecord, holder: string): OpenCommand {
    this.#open++;
    const open = this.of(record.command.device).add(record);
    this.#hold(open, holder);
    return open;
  }

  /** How many of a device's commands somebody holds. */
  heldBy(device: string, holder: string): number {
    const commands = this.#byDevice.get(device)?.commands.values() ?? [];
    return [...commands].filter((open) => this.#holders.get(open) === holder).length;
  }

  #hold(open: OpenCommand, holder: string): void {
    this.#shares.take(holder);
    this.#holders.set(open, holder);
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
