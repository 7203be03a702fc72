import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { CommandFollower } from './answers.ts';
import type { Command } from './command.ts';
import type { SharedJournal } from './journal.ts';

type Named = Pick<Command, 'device' | 'id'>;

/** Somebody here who has to know how commands go on that another hub may have. */
export interface RemoteWatcher extends CommandFollower {
  watched(): Iterable<Named>;
}

export interface RemoteStatesDeps {
  clock: Clock;
  log: Log;
  journal: Pick<SharedJournal, 'states'>;
  /** This hub has it, and says itself how it goes on. */
  isHere: (command: Named) => boolean;
  watchers: readonly RemoteWatcher[];
}

const lookMs = 250;
/** The others have their turn at the next look. */
const mostAtOnce = 2_000;

/** How commands go on that another hub delivers, from the journal, for as long as somebody here waits for them. */
export class RemoteStates {
  readonly #deps: RemoteStatesDeps;
  #looking = false;

  constructor(deps: RemoteStatesDeps) {
    this.#deps = deps;
  }

  /** @returns to end it */
  start(): () => void {
    return this.#deps.clock.every(lookMs, () => void this.look());
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    const { journal, isHere, watchers, log } = this.#deps;
    const asked: Named[] = [];
    for (const watcher of watchers)
      for (const command of watcher.watched())
        if (asked.length < mostAtOnce && !isHere(command)) asked.push(command);
    if (asked.length === 0) return;
    this.#looking = true;
    try {
      for (const command of await journal.states(asked))
        for (const watcher of watchers) watcher.commandChanged(command);
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'how commands of other hubs go on cannot be read now');
    } finally {
      this.#looking = false;
    }
  }
}
