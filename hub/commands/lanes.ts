import type { Cancel, Clock } from '../kernel/time.ts';
import { dueMs } from './command.ts';
import { DueQueue } from './due-queue.ts';
import type { CommandRecord } from './journal.ts';
import { Lane, type LaneDeps, type LanesDeps, type Tracked } from './lane.ts';

/** The wall clock may be set: due times are looked at this often whatever the timer says. */
const maxTimerMs = 5_000;

/** The lanes of all devices that are connected or have open commands, and the one timer of their deadlines. */
export class Lanes {
  readonly #clock: Clock;
  readonly #byDevice = new Map<string, Lane>();
  readonly #laneDeps: LaneDeps;
  readonly #due: DueQueue<Tracked>;
  #timer: { atMs: number; cancel: Cancel } | undefined;
  #open = 0;
  #closing = false;

  constructor(deps: LanesDeps) {
    this.#clock = deps.clock;
    this.#due = new DueQueue(
      (tracked) => dueMs(tracked.command),
      () => this.#allTracked(),
    );
    this.#laneDeps = {
      ...deps,
      changed: (tracked) => {
        this.#due.push(tracked);
        this.#armTimer();
      },
      ended: ({ lane }) => {
        this.#open--;
        this.dropIdle(lane);
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
    for (const lane of this.#byDevice.values()) count += lane.uncertain();
    return count;
  }

  get(device: string): Lane | undefined {
    return this.#byDevice.get(device);
  }

  /** The device's lane, made when there is none. */
  of(device: string): Lane {
    const known = this.#byDevice.get(device);
    if (known !== undefined) return known;
    const lane = new Lane(device, this.#laneDeps);
    this.#byDevice.set(device, lane);
    return lane;
  }

  restore(record: CommandRecord): void {
    this.#open++;
    this.of(record.command.device).restore(record);
  }

  add(record: CommandRecord): Tracked {
    this.#open++;
    return this.of(record.command.device).add(record);
  }

  dropIdle(lane: Lane): void {
    if (!lane.isPresent && lane.commands.size === 0) this.#byDevice.delete(lane.device);
  }

  recallAgain(): void {
    for (const lane of this.#byDevice.values()) lane.recallAgain();
  }

  /** Stops the timer; resolves when what is under way is journalled. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#timer?.cancel();
    await Promise.all([...this.#byDevice.values()].map((lane) => lane.settled));
  }

  *#allTracked(): Iterable<Tracked> {
    for (const lane of this.#byDevice.values()) yield* lane.commands.values();
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
    for (const tracked of this.#due.takeDue(this.#clock.now())) {
      void tracked.lane.handle(tracked, { kind: 'deadline-passed' });
      void tracked.lane.handle(tracked, { kind: 'gave-up' });
      this.#due.push(tracked);
    }
    this.#armTimer();
  }
}
