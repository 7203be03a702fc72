import type { NackFrame } from '../../../../schemas/protocol/hub-frames.ts';
import type { CommandMemory } from './command-memory.ts';
import type { CommandRunner } from './command-runner.ts';
import type { HeldTwin } from './held-twin.ts';
import type { HeldUpdate } from './held-update.ts';

interface NamedFramesDeps {
  commands: CommandMemory;
  runner: CommandRunner;
  twin: HeldTwin;
  update: HeldUpdate;
  pauseMs: (nack: NackFrame) => number;
  resultAcked: (id: string) => void;
}

/** What the hub answers by a name in place of a number: results of commands, reports of the twin, words about an update. */
export class NamedFrames {
  readonly #deps: NamedFramesDeps;

  constructor(deps: NamedFramesDeps) {
    this.#deps = deps;
  }

  acked(id: string): void {
    const { twin, update } = this.#deps;
    if (!twin.answered(id) && !update.answered(id)) this.#settled(id);
  }

  nacked(id: string, nack: NackFrame): void {
    const { twin, update, runner, pauseMs } = this.#deps;
    if (twin.answered(id, nack) || update.answered(id, nack)) return;
    if (nack.retry) runner.resendAfter(pauseMs(nack), id);
    else this.#settled(id);
  }

  #settled(id: string): void {
    this.#deps.commands.acked(id);
    this.#deps.resultAcked(id);
  }
}
