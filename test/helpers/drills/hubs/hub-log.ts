import type { Device } from '../../../../sdk/typescript/src/node.ts';
import { mosquittoSub, type Subscription } from '../../services/mosquitto-clients.ts';
import type { MosquittoBroker } from '../../services/mosquitto.ts';
import type { PostgresServer } from '../../services/postgres.ts';
import { waitFor } from '../../wait-for.ts';
import { hubJudges, type HubLog, type SeenState } from './hub-verdict.ts';

const root = 'hub/v1';

/** Writes down what hubs that are one say and do, for `hub-verdict.ts`. */
export class HubLogger {
  readonly #presence: Subscription;
  readonly #welcomes: { device: string; epoch: number }[] = [];
  readonly #absences: { device: string; fromMs: number; toMs: number }[] = [];

  private constructor(presence: Subscription) {
    this.#presence = presence;
  }

  /** From now on. */
  static async start({ port }: MosquittoBroker): Promise<HubLogger> {
    const topic = `${root}/presence-change/+/+`;
    return new HubLogger(
      await mosquittoSub(['-p', String(port), '-q', '1', '-t', topic, '-c', '-i', 'judge']),
    );
  }

  follow(device: string, client: Device): void {
    let absence: { device: string; fromMs: number; toMs: number } | undefined;
    client.on('close', () => {
      if (absence !== undefined) return;
      absence = { device, fromMs: Date.now(), toMs: Infinity };
      this.#absences.push(absence);
    });
    client.on('welcome', ({ epoch }) => {
      if (absence !== undefined) absence.toMs = Date.now();
      absence = undefined;
      this.#welcomes.push({ device, epoch });
    });
  }

  /** Sessions that have ended since then, Unix ms. */
  lostSince(fromMs: number): number {
    return this.#absences.filter((absence) => absence.fromMs >= fromMs).length;
  }

  /** Everything, once presence is true, or has not become true for half a minute. */
  async read({
    postgres,
    broker,
    devices,
  }: {
    postgres: PostgresServer;
    broker: MosquittoBroker;
    devices: number;
  }): Promise<HubLog> {
    const log = async (): Promise<HubLog> => ({
      welcomes: this.#welcomes,
      absences: this.#absences,
      changes: this.#presence.messages.map(({ topic, payload }) => {
        const { since } = JSON.parse(payload) as { since: number };
        return { ...seenState(topic.split('/').at(-2) ?? '', payload), sinceMs: since };
      }),
      retained: await retainedBy(broker, devices),
      ...stateOf(postgres),
    });
    let last = await log();
    const isTrue = async (): Promise<boolean> => {
      last = await log();
      return hubJudges.untruePresence(last).length === 0;
    };
    await waitFor(isTrue, { what: 'true presence', timeoutMs: 30_000, everyMs: 1_000 }).catch(
      () => undefined,
    );
    return last;
  }

  async close(): Promise<void> {
    await this.#presence.close();
  }
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
