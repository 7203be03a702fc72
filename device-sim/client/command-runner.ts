import {
  limits,
  type CommandFrame,
  type DeviceFrame,
  type ResultFrame,
  type ResultStatus,
} from '../../schemas/index.ts';
import type { Clock } from '../clock.ts';
import type { CommandFaults } from '../device/command-faults.ts';
import type { CommandMemory } from './command-memory.ts';

export interface CommandCall extends Pick<CommandFrame, 'id' | 'name' | 'params' | 'deadline' | 'safety'> {
  /** Tells the hub how far it is, 0…100, and in words. */
  progress: (percent?: number, note?: string) => void;
}

export interface CommandOutcome {
  status: Exclude<ResultStatus, 'unknown' | 'expired' | 'cancelled'>;
  /** As the command's `output` schema says. */
  output?: unknown;
  /** Why it failed, in words. */
  error?: string;
}

/** Does the command. What it throws becomes `failed` with the error's message. */
export type CommandHandler = (call: CommandCall) => CommandOutcome | Promise<CommandOutcome>;

export interface HandlerOptions {
  /** Begins at once instead of after the command before it: for what must not wait (close the valve). */
  urgent?: boolean;
}

interface CommandRunnerDeps {
  memory: CommandMemory;
  send: (frame: DeviceFrame) => void;
  /** The hub's clock as the device reckons it, Unix ms; undefined when it cannot know. */
  hubTime: () => number | undefined;
  /** `slowAckMs` counts on it, and the time since a command came. */
  clock: Pick<Clock, 'after' | 'monotonic'>;
  /** The power goes, now. */
  died: () => void;
  /** A command ended, with any status. */
  ended: (result: ResultFrame, command: CommandFrame) => void;
}

/**
 * The device's side of a command. It is remembered before anything else, answered `received`, waits its turn
 * (one at a time unless urgent), is begun only before its deadline, and its result is sent until the hub has it.
 * The same id again is answered from memory: late is never, twice is never.
 */
export class CommandRunner {
  readonly #deps: CommandRunnerDeps;
  readonly #handlers = new Map<string, HandlerOptions & { handler: CommandHandler }>();
  /** Bounded by the memory, which takes no more than its capacity. */
  readonly #waiting: { frame: CommandFrame; arrivedMs: number }[] = [];
  #busy = false;
  #dead = false;
  /** On purpose; a real device has no such thing. */
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
      this.#end(frame, { status: 'rejected', error: 'answered unknown before' });
      return;
    }
    this.#acknowledge(id);
    const arrivedMs = this.#deps.clock.monotonic();
    if (this.#handlers.get(frame.name)?.urgent === true) void this.#run(frame, arrivedMs);
    else this.#waiting.push({ frame, arrivedMs });
    void this.#work();
  }

  /** If not begun, don't; also when it has not come yet. */
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
        // Having said so, the device must not run it should it come after all.
        if (memory.refusal(id) === undefined) memory.refuse(id, 'unknown');
        send({ type: 'result', re: id, status: 'unknown' });
      } else {
        send(known.result ?? { type: 'received', re: id });
      }
    }
  }

  /** Sends every result the hub has not acked: once in each session. */
  resend(): void {
    for (const result of this.#deps.memory.owed()) this.#deps.send(result);
  }

  /** One result again, after the hub could not take it. */
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

  /** True from the moment the power goes: nothing is said, done or kept any more. */
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
    // Judged at the moment of beginning, wherever the command was stuck until now.
    // The time left cannot grow, should the hub's clock be set back meanwhile.
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

  #end(frame: CommandFrame, outcome: { status: ResultStatus; output?: unknown; error?: string }): void {
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
