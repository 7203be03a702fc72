import type { CommandEvents, CommandPeer } from '../../../hub/commands/command-session.ts';

/** Writes down what sessions tell the dispatcher; `throwing` says in which calls it breaks. */
export class RecordingCommands implements CommandEvents {
  readonly calls: string[] = [];
  readonly throwing = new Set<string>();

  #note(call: string, text: string): void {
    this.calls.push(text);
    if (this.throwing.has(call)) throw new Error(`${call} is broken`);
  }

  sessionOpened(peer: CommandPeer, unresolved: readonly string[]): void {
    this.#note('sessionOpened', `opened ${peer.epoch} [${unresolved.join()}]`);
  }

  sessionClosed(peer: CommandPeer): void {
    this.#note('sessionClosed', `closed ${peer.epoch}`);
  }

  sessionReplaced(peer: CommandPeer): void {
    this.#note('sessionReplaced', `replaced ${peer.epoch}`);
  }

  takeoverFailed(): void {
    this.#note('takeoverFailed', 'takeover failed');
  }

  received(peer: CommandPeer, re: string): void {
    this.#note('received', `received ${peer.epoch} ${re}`);
  }

  progress(peer: CommandPeer, { re }: { re: string }): void {
    this.#note('progress', `progress ${peer.epoch} ${re}`);
  }

  result(peer: CommandPeer, { re, status }: { re: string; status: string }): void {
    this.#note('result', `result ${peer.epoch} ${re} ${status}`);
  }
}
