import type { Device } from '../../../../sdk/typescript/src/node.ts';
import { mosquittoSub, type SubscribedMessage, type Subscription } from '../../services/mosquitto-clients.ts';
import type { MosquittoBroker } from '../../services/mosquitto.ts';
import type { PostgresServer } from '../../services/postgres.ts';
import { waitFor } from '../../wait-for.ts';
import type { HubMember } from './hub-member.ts';
import { judgeHubs, type HubLog, type SeenState } from './hub-verdict.ts';
import type { Outcasts } from './outcasts.ts';
import type { WorkOnce } from './work-once.ts';

const root = 'hub/v1';

interface Scene {
  postgres: PostgresServer;
  broker: MosquittoBroker;
  devices: number;
  members: readonly HubMember[];
  outcasts: Outcasts;
  work: WorkOnce;
}

/** Writes down what hubs that are one say and do, for `hub-verdict.ts`. */
export class HubLogger {
  readonly siteCuts: HubLog['siteCuts'][number][] = [];
  readonly #messages: Subscription;
  readonly #welcomes: { device: string; epoch: number }[] = [];
  readonly #absences: { device: string; fromMs: number; toMs: number }[] = [];
  /** Those that have not ended, by device. */
  readonly #away = new Map<string, { toMs: number }>();
  readonly #frames: string[] = [];

  private constructor(messages: Subscription) {
    this.#messages = messages;
  }

  /** From now on. */
  static async start({ port }: MosquittoBroker): Promise<HubLogger> {
    const topics = ['presence-change/+/+', 'incident/+/+', 'group-status/+/+/+'];
    const filters = topics.flatMap((topic) => ['-t', `${root}/${topic}`]);
    return new HubLogger(
      await mosquittoSub(['-p', String(port), '-q', '1', '-c', '-i', 'judge', ...filters]),
    );
  }

  follow(device: string, client: Device): void {
    client.on('close', () => this.lost(device, Date.now()));
    client.on('welcome', ({ epoch }) => {
      const absence = this.#away.get(device);
      if (absence !== undefined) absence.toMs = Date.now();
      this.#away.delete(device);
      this.#welcomes.push({ device, epoch });
    });
    client.on('received', (frame) => {
      if (frame.type === 'command') this.#frames.push(`${device}/${frame.id}`);
    });
  }

  /** It has no session any more. */
  lost(device: string, fromMs: number): void {
    if (this.#away.has(device)) return;
    const absence = { device, fromMs, toMs: Infinity };
    this.#absences.push(absence);
    this.#away.set(device, absence);
  }

  /** Sessions of these devices that have ended since then, Unix ms. */
  lostSince(fromMs: number, devices: readonly string[]): number {
    return this.#absences.filter((absence) => absence.fromMs >= fromMs && devices.includes(absence.device))
      .length;
  }

  /** Incidents as they were published so far. */
  get incidents(): HubLog['incidents'] {
    return this.#of('incident').map(({ payload }) => {
      const { id, kind, state, scope, since, until } = JSON.parse(payload) as PublishedIncident;
      const named = scope === undefined ? '' : `${scope.by}=${scope.value}`;
      return { id, kind, state, scope: named, sinceMs: since, untilMs: until };
    });
  }

  /** Whether devices were lost together, and that is not over as far as it was published. */
  get isLossOpen(): boolean {
    const states = new Map(
      this.incidents.flatMap(({ id, kind, state }) => (kind === 'correlated-loss' ? [[id, state]] : [])),
    );
    return [...states.values()].some((state) => state !== 'closed');
  }

  /** Changes of presence as they were published so far. */
  get changes(): HubLog['changes'] {
    return this.#of('presence-change').map(({ topic, payload }) => {
      const { since } = JSON.parse(payload) as { since: number };
      return { ...seenState(topic.split('/').at(-2) ?? '', payload), sinceMs: since };
    });
  }

  #of(kind: string): SubscribedMessage[] {
    return this.#messages.messages.filter(({ topic }) => topic.startsWith(`${root}/${kind}/`));
  }

  /** Everything, once nothing is wrong with it, or something has been for half a minute. */
  async read({ postgres, broker, devices, members, outcasts, work }: Scene): Promise<HubLog> {
    const log = async (): Promise<HubLog> => ({
      welcomes: this.#welcomes,
      absences: this.#absences,
      frames: this.#frames,
      changes: this.changes,
      incidents: this.incidents,
      siteCuts: this.siteCuts,
      gone: outcasts.gone,
      writes: members.flatMap(({ fence }) => fence.writes),
      ...(await work.read(members[0]?.dataDir ?? '', this.#of('group-status'))),
      retained: await retainedBy(broker, devices),
      ...stateOf(postgres),
      readMs: Date.now(),
    });
    let last = await log();
    const isRight = async (): Promise<boolean> => {
      last = await log();
      return Object.values(judgeHubs(last)).flat().length === 0;
    };
    await waitFor(isRight, { what: 'nothing wrong', timeoutMs: 30_000, everyMs: 1_000 }).catch(
      () => undefined,
    );
    return last;
  }

  async close(): Promise<void> {
    await this.#messages.close();
  }
}

interface PublishedIncident {
  id: string;
  kind: string;
  state: string;
  scope?: { by: string; value: string };
  since: number;
  until?: number;
}

function seenState(device: string, payload: string): SeenState {
  const { state, epoch, n } = JSON.parse(payload) as Omit<SeenState, 'device'>;
  return { device, state, epoch, n };
}

async function retainedBy({ port }: MosquittoBroker, devices: number): Promise<SeenState[]> {
  const retained = await mosquittoSub(['-p', String(port), '-q', '1', '-t', `${root}/presence/+`]);
  const isWhole = (): boolean => retained.messages.length >= devices;
  await waitFor(isWhole, { what: 'the retained states', timeoutMs: 2_000 }).catch(() => undefined);
  await retained.close();
  return retained.messages.map(({ topic, payload }) => seenState(topic.split('/').at(-1) ?? '', payload));
}

function stateOf(postgres: PostgresServer): Pick<HubLog, 'rows' | 'openCommands' | 'living' | 'sent'> {
  const rowsOf = <Row>(sql: string): Row[] =>
    JSON.parse(postgres.sql(`SELECT coalesce(json_agg(r), '[]') FROM (${sql}) r`)) as Row[];
  return {
    rows: rowsOf('SELECT device_id AS device, state, epoch, n, hub, inc FROM device_state ORDER BY 1'),
    openCommands: rowsOf('SELECT device, id, hub, inc FROM command WHERE NOT final OR owed'),
    living: rowsOf(`SELECT id AS hub, inc FROM hub WHERE state = 'up'`),
    sent: rowsOf<{ subject: string }>(`SELECT subject FROM audit WHERE outcome = 'sent'`).map(
      ({ subject }) => subject,
    ),
  };
}
