import {
  limits,
  type CommandFrame,
  type DeviceFrame,
  type ResultFrame,
  type ResultStatus,
} from '../../schemas/index.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { CommandFaults } from '../device/command-faults.ts';
import type { CommandMemory } from './command-memory.ts';

export interface CommandCall extends Pick<CommandFrame, 'id' | 'name' | 'params' | 'deadline' | 'safety'> {
  /** Reports progress to the hub: 0…100 %, and a note. */
  progress: (percent?: number, note?: string) => void;
}

export interface CommandOutcome {
  status: Exclude<ResultStatus, 'unknown' | 'expired' | 'cancelled'>;
  /** Matches the command's `output` schema. */
  output?: unknown;
  /** Why it failed, as text. */
  error?: string | undefined;
}

/** Carries out the command. An exception becomes `failed` with its message. */
export type CommandHandler = (call: CommandCall) => CommandOutcome | Promise<CommandOutcome>;

export interface HandlerOptions {
  /** Starts immediately instead of after the previous command: for what must not wait, e.g. closing a valve. */
  urgent?: boolean;
}

interface CommandRunnerDeps {
  memory: CommandMemory;
  send: (frame: DeviceFrame) => void;
  /** The hub's clock as the device estimates it, Unix ms; undefined when there is no estimate. */
  hubTime: () => number | undefined;
  /** Measures `slowAckMs` and the time since a command arrived. */
  clock: Pick<Clock, 'after' | 'monotonic'>;
  /** Called when the simulated power cut happens. */
  died: () => void;
  /** A command ended, with any status. */
  ended: (result: ResultFrame, command: CommandFrame) => void;
}

/**
 * The device's side of a command. A command is stored first, then answered with `received`; it waits for its turn
 * (one at a time unless urgent) and starts only before its deadline. Its result is sent until the hub acks it. A
 * repeated id is answered from memory, so a command never runs late or twice.
 */
export class CommandRunner {
  readonly #deps: CommandRunnerDeps;
  readonly #handlers = new Map<string, HandlerOptions & { handler: CommandHandler }>();
  /** Bounded by the capacity of the memory. */
  readonly #waiting: { frame: CommandFrame; arrivedMs: number }[] = [];
  #busy = false;
  #dead = false;
  /** Deliberate faults; a real device does not have them. */
  faults: CommandFaults = {};

  constructor(deps: CommandRunnerDeps) {
    this.#deps = deps;
  }

  handle(name: string, handler: CommandHandler, options: HandlerOptions = {}): void {
    this.#handlers.set(name, { ...options, handler });
  }

  command(frame: CommandFrame): void {
    const { memory, send } = this.#deps;
    const { id } = frame;
    const known = memory.get(id);
    if (known !== undefined) {
      send(known.result ?? { type: 'received', re: id });
      return;
    }
    const refusal = memory.refusal(id);
    if (!memory.begin(id)) {
      send({ type: 'result', re: id, status: 'rejected', error: 'too many commands are unresolved' });
      return;
    }
    if (refusal === 'cancelled') {
      this.#end(frame, { status: 'cancelled' });
      return;
    }
    if (refusal === 'unknown') {
      this.#end(frame, { status: 'rejected', error: 'already answered as unknown' });
      return;
    }
    this.#acknowledge(id);
    const arrivedMs = this.#deps.clock.monotonic();
    if (this.#handlers.get(frame.name)?.urgent === true) void this.#run(frame, arrivedMs);
    else this.#waiting.push({ frame, arrivedMs });
    void this.#work();
  }

  /** Prevents a command from starting, even one that has not arrived yet. */
  cancel(id: string): void {
    const { memory, send } = this.#deps;
    const index = this.#waiting.findIndex(({ frame }) => frame.id === id);
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (waiting !== undefined) this.#end(waiting.frame, { status: 'cancelled' });
    else if (memory.get(id) === undefined) memory.refuse(id, 'cancelled');
    else send(memory.get(id)?.result ?? { type: 'received', re: id });
  }

  recall(ids: readonly string[]): void {
    const { memory, send } = this.#deps;
    for (const id of ids) {
      const known = memory.get(id);
      if (known === undefined) {
        // After this answer the device must not run the command if it arrives after all.
        if (memory.refusal(id) === undefined) memory.refuse(id, 'unknown');
        send({ type: 'result', re: id, status: 'unknown' });
      } else {
        send(known.result ?? { type: 'received', re: id });
      }
    }
  }

  /** Sends every result that the hub has not acked, once in each session. */
  resend(): void {
    for (const result of this.#deps.memory.owed()) this.#deps.send(result);
  }

  /** Sends one result again, after the hub could not accept it. */
  resendOne(id: string): void {
    const known = this.#deps.memory.get(id);
    if (known?.result !== undefined && !known.acked) this.#deps.send(known.result);
  }

  #acknowledge(id: string): void {
    const { slowAckMs = 0, neverAck = false } = this.faults;
    const say = (): void => {
      if (!this.#dead) this.#deps.send({ type: 'received', re: id });
    };
    if (neverAck) return;
    if (slowAckMs === 0) say();
    else this.#deps.clock.after(slowAckMs, say);
  }

  /** Whether the power has been cut: nothing is sent, done or stored any more. */
  #dies(moment: CommandFaults['dies']): boolean {
    if (this.#dead || this.faults.dies !== moment) return this.#dead;
    this.#dead = true;
    this.#deps.died();
    return true;
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      await this.#run(next.frame, next.arrivedMs);
    this.#busy = false;
  }

  async #run(frame: CommandFrame, arrivedMs: number): Promise<void> {
    const entry = this.#handlers.get(frame.name);
    if (entry === undefined) {
      this.#end(frame, { status: 'rejected', error: `this device has no command ${frame.name}` });
      return;
    }
    // Checked at the moment of starting, wherever the command was delayed until now.
    // The remaining time cannot grow, even if the hub's clock is set back in the meantime.
    const hubTime = this.#deps.hubTime();
    const waitedMs = this.#deps.clock.monotonic() - arrivedMs;
    if (hubTime === undefined || hubTime > frame.deadline || waitedMs > frame.ttlMs) {
      this.#end(frame, { status: 'expired' });
      return;
    }
    const { id, name, params, deadline, safety } = frame;
    const progress = (percent?: number, note?: string): void => {
      this.#deps.send({
        type: 'progress',
        re: id,
        ...(percent === undefined ? {} : { percent }),
        ...(note === undefined ? {} : { note: note.slice(0, limits.note) }),
      });
    };
    if (this.#dies('before-result')) return;
    try {
      const outcome = await entry.handler({ id, name, params, deadline, safety, progress });
      if (this.#dies('after-act')) return;
      this.#end(frame, outcome);
    } catch (error) {
      this.#end(frame, { status: 'failed', error: error instanceof Error ? error.message : String(error) });
    }
  }

  #end(
    frame: CommandFrame,
    outcome: { status: ResultStatus; output?: unknown; error?: string | undefined },
  ): void {
    if (this.#dead) return;
    const { status, output, error } = outcome;
    const result: ResultFrame = {
      type: 'result',
      re: frame.id,
      status,
      ...(output === undefined ? {} : { output }),
      ...(error === undefined ? {} : { error: error.slice(0, limits.errorText) }),
    };
    this.#deps.memory.end(result);
    this.#deps.send(result);
    if (this.faults.duplicateResult === true) this.#deps.send(result);
    this.#deps.ended(result, frame);
  }
}
