import { messageOf } from '../kernel/errors.ts';
import type { Log } from '../kernel/log.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { Answers } from './answers.ts';
import type { SharedCommands } from './shared-commands.ts';
import type { CommandJournal, CommandRecord } from './journal.ts';
import type { OpenCommands } from './open-commands.ts';

export interface CommandMovesDeps {
  clock: Clock;
  log: Log;
  journal: Pick<CommandJournal, 'open'>;
  commands: OpenCommands;
  answers: Pick<Answers, 'sweep'>;
  /** It is being journalled here at this moment. */
  isArriving: (device: string, id: string) => boolean;
  /** Resolves when everything that is being journalled of the device is, and is known here. */
  arrived: (device: string) => Promise<void>;
  /** Not given: no other hub has commands. */
  shared?: SharedCommands | undefined;
}

/** A hint of what another hub has accepted may be lost: so the journal is asked this often, ms. */
const lookMs = 1_000;
/** After a read that failed, ms. */
const againMs = 500;

/**
 * Commands that come from another hub, or go to one: with their device, after the end of a hub, or because another hub has
 * accepted them. The journal says whose each is; nothing is sent here that it does not give to us.
 */
export class CommandMoves {
  readonly #deps: CommandMovesDeps;
  /** Open in the journal and not known here, as of the last comparison. */
  #unknown = new Set<string>();
  #looking = false;
  #lookAgain = false;

  constructor(deps: CommandMovesDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#deps.shared !== undefined) this.#deps.clock.every(lookMs, () => void this.look());
  }

  /** A session of the device opens here, and it was another hub's. @param count of commands that come along */
  movedHere(device: string, count: number): void {
    const lane = this.#deps.commands.of(device);
    lane.comesAlong();
    if (count === 0) lane.cameAlong();
    else void this.#fetch([device]).then(() => lane.cameAlong());
  }

  /** Devices of a hub that has ended. Resolves when their commands are taken up. */
  async adopted(devices: readonly string[]): Promise<void> {
    await this.#fetch(devices);
  }

  /** Another hub has the device. */
  movedAway(device: string): void {
    const lane = this.#deps.commands.get(device);
    if (lane === undefined) return;
    lane.letGoAll();
    this.#deps.commands.dropIdle(lane);
  }

  /** Takes up what other hubs have accepted for devices of ours. */
  async look(): Promise<void> {
    const { shared, log } = this.#deps;
    this.#lookAgain = this.#looking;
    if (this.#looking || shared?.mayAct() !== true) return;
    this.#looking = true;
    try {
      for (const record of await shared.journal.accepted()) this.#add(record);
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the journal cannot be asked now');
    } finally {
      this.#looking = false;
    }
    if (this.#lookAgain) await this.look();
  }

  /**
   * Takes up commands that are ours by the journal, and were missed when their device came and went.
   * @throws HubError `database-failed`
   */
  async compare(): Promise<void> {
    const { shared, journal, commands, log } = this.#deps;
    if (shared?.mayAct() !== true) return;
    const unknown = (await journal.open()).filter((record) => !this.#isKnown(record));
    // Twice in a row: what ends while the journal is read is not known any more, either.
    const missed = unknown.filter((record) => this.#unknown.has(keyOf(record)));
    this.#unknown = new Set(unknown.map(keyOf));
    if (missed.length === 0) return;
    log.warn(
      { commands: missed.length, sample: missed.slice(0, 3).map(keyOf) },
      'commands of this hub are taken up again',
    );
    for (const record of missed) commands.take(record);
  }

  #isKnown({ command: { device, id } }: CommandRecord): boolean {
    const { commands, isArriving } = this.#deps;
    return commands.get(device)?.commands.get(id) !== undefined || isArriving(device, id);
  }

  #add(record: CommandRecord): void {
    if (!this.#isKnown(record)) this.#deps.commands.add(record);
  }

  async #fetch(devices: readonly string[]): Promise<void> {
    const { shared, commands, answers, log, clock, isArriving, arrived } = this.#deps;
    if (shared === undefined) return;
    for (;;) {
      try {
        for (const record of await shared.journal.openOf(devices)) {
          const { device, id } = record.command;
          // Whoever accepts it adds it, too: it would be sent twice.
          if (isArriving(device, id)) await arrived(device);
          commands.take(record);
        }
        // What is owed has come along, too.
        void answers.sweep();
        return;
      } catch (error) {
        log.warn(
          { devices: devices.length, reason: messageOf(error) },
          'commands of devices are not read yet',
        );
        const { promise, resolve } = Promise.withResolvers<void>();
        clock.after(againMs, resolve);
        await promise;
      }
    }
  }
}

/** The number of moves is a part of it: with another one it is another find. */
function keyOf({ command: { device, id }, moves }: CommandRecord): string {
  return `${device}/${id} ${moves}`;
}
