import type { CommandEvents } from '../../../hub/commands/command-session.ts';
import type { Session } from '../../../hub/sessions/session.ts';

/** Writes down what sessions report to the dispatcher; `throwing` says in which calls it breaks. */
export class RecordingCommands implements CommandEvents {
  readonly calls: string[] = [];
  readonly throwing = new Set<string>();

  #note(call: string, text: string): void {
    this.calls.push(text);
    if (this.throwing.has(call)) throw new Error(`${call} is broken`);
  }

  sessionOpened({ epoch }: Session): void {
    this.#note('sessionOpened', `opened ${epoch}`);
  }

  sessionClosed({ epoch }: Session): void {
    this.#note('sessionClosed', `closed ${epoch}`);
  }

  sessionReplaced({ epoch }: Session): void {
    this.#note('sessionReplaced', `replaced ${epoch}`);
  }

  takeoverFailed(): void {
    this.#note('takeoverFailed', 'takeover failed');
  }

  received({ epoch }: Session, re: string): void {
    this.#note('received', `received ${epoch} ${re}`);
  }

  progress({ epoch }: Session, { re }: { re: string }): void {
    this.#note('progress', `progress ${epoch} ${re}`);
  }

  result({ epoch }: Session, { re, status }: { re: string; status: string }): void {
    this.#note('result', `result ${epoch} ${re} ${status}`);
  }
}
