import { join } from 'node:path';
import { callApi } from '../../../../hub/cli/admin-client.ts';
import type { Device } from '../../../../sdk/typescript/src/node.ts';
import type { SubscribedMessage } from '../../services/mosquitto-clients.ts';
import type { CommandRecord } from '../command-record.ts';
import type { HubMember } from './hub-member.ts';
import type { HubLog, SeenGroup } from './hub-verdict.ts';

/** The command of group commands and schedules. */
const name = 'identify';
/** How soon the time of a schedule comes, ms. */
const soonMs = 1_000;

/** What hubs that are one do once: the times of schedules, and commands to many devices. */
export class WorkOnce {
  readonly #record: CommandRecord;
  readonly #devices: readonly string[];
  readonly #to: string;
  readonly #notices: string[] = [];
  readonly #schedules: string[] = [];
  readonly #groups: string[] = [];

  /** @param to the selector of these devices */
  constructor(record: CommandRecord, devices: readonly string[], to: string) {
    this.#record = record;
    this.#devices = devices;
    this.#to = to;
  }

  follow(device: string, client: Device): void {
    client.on('notice', ({ topic }) => this.#notices.push(`${device}/${topic}`));
  }

  /** A schedule has made up the id of this command. */
  begun(device: string, id: string): void {
    if (id.startsWith('do-')) this.#record.requested(device, id);
  }

  /** Asks a hub for one of each; one that does not answer has promised nothing. */
  async ask(round: number, { dataDir }: HubMember): Promise<void> {
    const socket = join(dataDir, 'hub.sock');
    const to = this.#to;
    const schedule = {
      to,
      atMs: Date.now() + soonMs,
      timeZone: 'UTC',
      catchUp: 'once' as const,
      jitterMs: 0,
      paused: false,
    };
    const tell = { ...schedule, name: `tell-${round}` };
    const command = { kind: 'command' as const, name, params: {}, ttlMs: 8_000, maxFailures: 1_000 };
    const id = `g-${round}`;
    for (const device of this.#devices) this.#record.requested(device, id);
    await Promise.all([
      callApi(socket, 'POST /api/v1/schedules', {
        body: { ...tell, action: { kind: 'notice', topic: tell.name, data: null } },
      }).then(
        () => this.#schedules.push(tell.name),
        () => undefined,
      ),
      callApi(socket, 'POST /api/v1/schedules', {
        body: { ...schedule, name: `do-${round}`, action: command },
      }).then(
        () => this.#schedules.push(`do-${round}`),
        () => undefined,
      ),
      callApi(socket, 'POST /api/v1/group-commands', {
        body: { to, name, command: { id, params: {}, ttlMs: 8_000, maxFailures: 1_000 } },
      }).then(
        () => this.#groups.push(id),
        () => undefined,
      ),
    ]);
  }

  /** How all of it is now. @param reports what hubs have published about group commands */
  async read(
    dataDir: string,
    reports: readonly SubscribedMessage[],
  ): Promise<Pick<HubLog, 'schedules' | 'notices' | 'groups' | 'results'>> {
    const socket = join(dataDir, 'hub.sock');
    const { schedules } = await callApi(socket, 'GET /api/v1/schedules', {});
    const runsOf = (schedule: string) => schedules.find((each) => each.name === schedule)?.runs ?? [];
    const ids = [...this.#groups, ...this.#schedules.flatMap(runsOf).flatMap(({ id }) => id ?? [])];
    const groups = await Promise.all(
      ids.map(async (id): Promise<SeenGroup> => {
        const { final, devices } = await callApi(socket, 'GET /api/v1/group-commands/{id}', {
          params: { id },
        });
        const isReport = ({ topic }: SubscribedMessage): boolean =>
          topic.includes(`/${id}/`) && !topic.endsWith('/running');
        return {
          id,
          final,
          targets: devices,
          reports: reports.filter(isReport).map(({ payload }) => payload),
        };
      }),
    );
    return {
      schedules: this.#schedules.map((schedule) => ({
        name: schedule,
        outcomes: runsOf(schedule).map(({ kind }) => kind),
      })),
      notices: this.#notices,
      groups,
      results: this.#record.results,
    };
  }
}
