import { cutText } from '../../../../schemas/cut-text.ts';
import { limits } from '../../../../schemas/limits.ts';
import type { DeviceFrame, ResultFrame, ResultStatus } from '../../../../schemas/protocol/device-frames.ts';
import type { CommandFrame } from '../../../../schemas/protocol/hub-frames.ts';
import type { CommandMemory } from './command-memory.ts';
import type { Timers } from './timers.ts';

export interface CommandCall extends Pick<
  CommandFrame,
  'id' | 'name' | 'params' | 'deadline' | 'safety' | 'traceparent'
> {
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
  /** Measures the time since a command arrived. */
  clock: Pick<Timers, 'after' | 'monotonic'>;
  /** There may be something to begin: a step is due. */
  changed: () => void;
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
  /** Being begun or waiting: what a cancel must find. */
  readonly #accepted = new Set<string>();
  /** Cancelled while the memory was still storing their ids. */
  readonly #cancelled = new Set<string>();
  /** Results that wait to be sent again. */
  readonly #resending = new Set<string>();
  #busy = false;
  #closed = false;

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
    // It comes again because the answer is lost: by now there may be room.
    if (refusal === 'full') return this.#refuse(id);
    const arrivedMs = this.#deps.clock.monotonic();
    memory.begin(id, (remembered) => {
      if (!remembered) this.#refuse(id);
      else if (refusal === 'cancelled' || this.#cancelled.delete(id))
        this.#end(frame, { status: 'cancelled' });
      else if (refusal === 'unknown')
        this.#end(frame, { status: 'rejected', error: 'already answered as unknown' });
      else this.#accept(frame, arrivedMs);
    });
  }

  /** Begins what may begin now. Called by each step, because it depends on the time. */
  begin(): void {
    const urgent = this.#waiting.filter(({ frame }) => this.#handlers.get(frame.name)?.urgent === true);
    for (const one of urgent) {
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      void this.#run(one.frame, one.arrivedMs);
    }
    if (this.#busy) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#busy = true;
    void this.#run(next.frame, next.arrivedMs).finally(() => {
      this.#busy = false;
      this.#deps.changed();
    });
  }

  /** Prevents a command from starting, even one that has not arrived yet. */
  cancel(id: string): void {
    const { memory, send } = this.#deps;
    const index = this.#waiting.findIndex(({ frame }) => frame.id === id);
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (waiting !== undefined) this.#end(waiting.frame, { status: 'cancelled' });
    else if (memory.get(id) === undefined) memory.refuse(id, 'cancelled');
    else {
      const known = memory.get(id);
      if (known?.result === undefined && !this.#accepted.has(id)) this.#cancelled.add(id);
      send(known?.result ?? { type: 'received', re: id });
    }
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

  /** Sends one result again after a while, because the hub could not accept it. */
  resendAfter(ms: number, id: string): void {
    if (this.#deps.memory.get(id) === undefined || this.#resending.has(id)) return;
    this.#resending.add(id);
    this.#deps.clock.after(ms, () => {
      this.#resending.delete(id);
      const known = this.#deps.memory.get(id);
      if (known?.result !== undefined && !known.acked) this.#deps.send(known.result);
    });
  }

  /** Nothing is begun any more, and what runs says nothing: the device has ended. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  /** Not remembered, so not ended either: nobody asks for this result again. */
  #refuse(id: string): void {
    this.#deps.memory.refuse(id, 'full');
    const error = 'this device cannot remember more commands now';
    this.#deps.send({ type: 'result', re: id, status: 'rejected', error });
  }

  #accept(frame: CommandFrame, arrivedMs: number): void {
    this.#accepted.add(frame.id);
    this.#deps.send({ type: 'received', re: frame.id });
    this.#waiting.push({ frame, arrivedMs });
    this.#deps.changed();
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
    const { id, name, params, deadline, safety, traceparent } = frame;
    const progress = (percent?: number, note?: string): void => {
      this.#deps.send({
        type: 'progress',
        re: id,
        ...(percent === undefined ? {} : { percent }),
        ...(note === undefined ? {} : { note: cutText(note, limits.note) }),
      });
    };
    try {
      const outcome = await entry.handler({
        id,
        name,
        params,
        deadline,
        safety,
        progress,
        ...(traceparent === undefined ? {} : { traceparent }),
      });
      this.#end(frame, outcome);
    } catch (error) {
      this.#end(frame, { status: 'failed', error: error instanceof Error ? error.message : String(error) });
    }
  }

  #end(
    frame: CommandFrame,
    outcome: { status: ResultStatus; output?: unknown; error?: string | undefined },
  ): void {
    if (this.#closed) return;
    this.#accepted.delete(frame.id);
    const { status, output, error } = outcome;
    const result: ResultFrame = {
      type: 'result',
      re: frame.id,
      status,
      ...outputOf(output),
      ...(error === undefined ? {} : { error: cutText(error, limits.errorText) }),
    };
    this.#deps.memory.end(result);
    this.#deps.send(result);
    this.#deps.ended(result, frame);
  }
}

/** Room for the rest of a result's frame, bytes. */
const envelopeBytes = 8_192;

/** The output as JSON writes it. The status stands even when it cannot be sent; the error says why. */
function outputOf(output: unknown): { output?: unknown; error?: string } {
  if (output === undefined) return {};
  try {
    const text = JSON.stringify(output) as string | undefined;
    if (text === undefined) return {};
    if (new TextEncoder().encode(text).length > limits.frameBytes - envelopeBytes)
      return { error: 'the output is too long for a frame' };
    return { output: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: `the output is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
