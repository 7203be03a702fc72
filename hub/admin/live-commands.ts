import type { CommandFollower } from '../commands/answers.ts';
import { commandView } from '../commands/command-operations.ts';
import type { Command } from '../commands/command.ts';
import type { GroupCommandFollower } from '../commands/group/group-answers.ts';
import type { GroupCommandRecord } from '../commands/group/group-command-journal.ts';
import { groupCommandView } from '../commands/group/group-operations.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { LiveFeed } from './live-feed.ts';

/** Publishes the states of commands and group commands on the live feed. */
export class LiveCommands implements CommandFollower, GroupCommandFollower {
  readonly #feed: LiveFeed;
  readonly #clock: Clock;

  constructor(feed: LiveFeed, clock: Clock) {
    this.#feed = feed;
    this.#clock = clock;
  }

  commandChanged(command: Command): void {
    const { device, id } = command;
    this.#feed.report('commands', `${device}/${id}`, (mayShow = () => true) =>
      mayShow(device) ? { t: 'command', command: commandView(command) } : undefined,
    );
  }

  /** Who may not see every device sees its own part of it. */
  groupCommandChanged(record: GroupCommandRecord): void {
    this.#feed.report('commands', record.groupCommand.id, (mayShow) => {
      const view = groupCommandView(record, this.#clock.now(), mayShow);
      return view.devices.length === 0 ? undefined : { t: 'group-command', groupCommand: view };
    });
  }
}
