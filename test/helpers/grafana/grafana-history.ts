import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { openInflux } from '../../../hub/adapters/influx/influx.ts';
import type { DeviceRecord } from '../../../hub/registry/device-store.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import type { PresenceState } from '../../../schemas/presence-states.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import type { FrameOwner } from '../../../hub/telemetry/batch.ts';
import type { Ledger } from '../../../hub/telemetry/ledger.ts';
import { Ingest } from '../../../hub/telemetry/ingest.ts';
import { twinStates } from '../../../schemas/twin/twin-states.ts';
import { TwinRecorder } from '../../../hub/telemetry/recorders/twin-recorder.ts';
import { AlarmView } from '../../../schemas/api/alarms.ts';
import { AlarmRecorder } from '../../../hub/telemetry/recorders/alarm-recorder.ts';
import {
  FirmwareRecorder,
  type FirmwareOfDevice,
} from '../../../hub/telemetry/recorders/firmware-recorder.ts';
import { RefusedRecorder } from '../../../hub/telemetry/recorders/refused-recorder.ts';
import { IncidentRecorder } from '../../../hub/telemetry/recorders/incident-recorder.ts';
import { SelfMonitoring, type HubSample } from '../../../hub/telemetry/self-monitoring.ts';
import type { Incident } from '../../../schemas/api/incidents.ts';
import { PresenceRecorder } from '../../../hub/telemetry/recorders/presence-recorder.ts';
import { loadDeviceTypes, type DeviceType } from '../../../schemas/index.ts';
import { ManualClock, trustedClock } from '../clock.ts';
import { testPipeline } from '../hubs/pipeline.ts';

const schemas = fileURLToPath(new URL('../../../schemas/device-types', import.meta.url));
export const shippedTypes = (await loadDeviceTypes(schemas)).all();

const hourMs = 3_600_000;

export interface HistoryDevice {
  id: string;
  type: string;
  site: string;
  /** From seven minutes before the end; `online` before that. */
  state: PresenceState;
  /** All of its readings came before the first snapshot: it has been online since, and told nothing. */
  silent?: true;
}

export const historyDevices: readonly HistoryDevice[] = [
  { id: 'env-1', type: 'env-sensor', site: 'north.1', state: 'online' },
  { id: 'env-2', type: 'env-sensor', site: 'north.1', state: 'offline' },
  { id: 'env-3', type: 'env-sensor', site: 'south', state: 'never-seen' },
  { id: 'traffic-1', type: 'traffic-detector', site: 'northx1', state: 'online', silent: true },
  { id: 'traffic-2', type: 'traffic-detector', site: 'south', state: 'overdue' },
  { id: 'valve-1', type: 'smart-valve', site: 'south', state: 'suspect' },
  { id: 'valve-2', type: 'smart-valve', site: 'south', state: 'sleeping' },
  { id: 'env-5', type: 'env-sensor', site: 'east', state: 'offline' },
  { id: 'env-4', type: 'env-sensor', site: 'south', state: 'migrating' },
  { id: 'traffic-3', type: 'traffic-detector', site: 'south', state: 'unknown' },
  { id: 'valve-3', type: 'smart-valve', site: 'south', state: 'disabled' },
];

/** Away as part of an incident, which the history has as well. */
const explainedDevices: ReadonlySet<string> = new Set(['env-5']);

/** One reading of each stream, all of its fields. */
const readings: Readonly<Record<string, Readonly<Record<string, object>>>> = {
  'env-sensor': { env: { temperature: 21.5, humidity: 48, battery: 3.1, rssi: -71 } },
  'traffic-detector': { traffic: { speed: 42.5, occupancy: 12 } },
  'smart-valve': { flow: { flow: 12.5, pressure: 3.2, position: 80, mode: 'automatic' } },
};
export const readingsPerDevice = 60;
/** Of each type, for the same reason. */
export const refusedFrames = 3;

/** It is about all that were lost at a place. */
const incident: Incident = {
  id: 'history-1',
  kind: 'correlated-loss',
  state: 'open',
  sinceMs: 0,
  devices: 1,
  of: 1,
  sample: [...explainedDevices],
};

/** What a hub measures that has just started. */
const atStart: HubSample = {
  devices: 0,
  online: 0,
  sessions: 0,
  commandsOpen: 0,
  commandsUncertain: 0,
  rolloutsOpen: 1,
  updatesOpen: 3,
  updatesSucceeded: 5,
  updatesFailed: 2,
  rolloutsStopped: 0,
  spoolSize: 0,
  spoolFill: 0,
  bufferFill: 0,
  spoolWaitSec: 0,
  storeUp: true,
  storeWriteMs: 3.5,
  busUp: true,
  faults: [],
  eventLoopLagMs: 0,
  eventLoopShare: 0,
  heapBytes: 0,
  certificateLeftSec: 3_456_000,
};

/** Of `env-1` and `traffic-2` a critical one lasts unacknowledged, of `env-3` one is acknowledged, and of `traffic-1` one is over. */
const alarmChanges: readonly Partial<AlarmView>[] = [
  { device: 'env-1', severity: 'critical', state: 'raised' },
  { device: 'env-3', severity: 'critical', state: 'raised' },
  { device: 'env-3', severity: 'critical', state: 'acknowledged' },
  { device: 'traffic-1', severity: 'warning', state: 'raised' },
  { device: 'traffic-1', severity: 'warning', state: 'cleared' },
  { device: 'env-1', severity: 'warning', state: 'raised', source: 'offline' },
  { device: 'traffic-2', severity: 'critical', state: 'raised', source: 'event.jam' },
  { device: 'traffic-2', severity: 'warning', state: 'raised', source: 'offline' },
];

function wholeMinutes(timeMs: number): number {
  return Math.floor(timeMs / 60_000) * 60_000;
}

function typeNamed(name: string): DeviceType {
  const type = shippedTypes.find((one) => one.name === name);
  assert.ok(type, `device type ${name}`);
  return type;
}

/**
 * The hour before `toMs` (Unix ms) of a fleet with every presence there is, written by the hub's own pipeline: ingest,
 * presence recorder, writer, InfluxDB.
 */
export async function writeHistory(url: string, database: string, toMs: number): Promise<void> {
  const clock = new ManualClock(toMs);
  const store = openInflux({ url, database, timeoutMs: 10_000 }, clock);
  await store.createDatabase();
  const log = createLog({ level: 'silent' });
  const pipeline = testPipeline({ store, clock, log });
  const { writer, ledger, shedding } = pipeline;
  const ingest = new Ingest(
    { writer, ledger, shedding, followers: [], clock, hubClock: trustedClock(clock) },
    { maxAgeMs: 86_400_000, maxAheadMs: 60_000, backfillMaxAgeMs: 3_660 * 86_400_000 },
  );
  const records = new Map(historyDevices.map((device) => [device.id, recordOf(device)]));
  const recorder = new PresenceRecorder({
    writer,
    ledger,
    clock,
    recordOf: (id) => records.get(id),
    presence: () => undefined,
    explained: (id) => explainedDevices.has(id),
  });

  let firmware: FirmwareOfDevice[] = [];
  // Each of two hubs says it of all, so that every device counts twice: the sum over hubs shows.
  const firmwareRecorders = ['h-1', 'h-2'].map(
    (hubId) => new FirmwareRecorder({ writer, ledger, hubId, devices: () => firmware }),
  );

  const senders = historyDevices.map((device) =>
    senderOf(device, { ingest, ledger, startMs: toMs - hourMs }),
  );
  const changedMs = toMs - 7 * 60_000;
  for (let timeMs = toMs - hourMs - 300_000; timeMs <= toMs; timeMs += 300_000) {
    for (const { silent, tell } of senders) tell(silent === true ? toMs : timeMs);
    recorder.snapshot(presenceAt(timeMs, changedMs), timeMs + 20);
    firmware = firmwareAt(timeMs, changedMs);
    for (const each of firmwareRecorders) each.snapshot(timeMs + 20);
  }
  for (const [id, presence] of presenceAt(changedMs, changedMs)) recorder.record(id, presence, changedMs);
  const changed = new ManualClock(changedMs);
  const twins = new TwinRecorder({ clock: changed, writer, ledger, recordOf: (id) => records.get(id) });
  for (const [at, { id }] of historyDevices.entries()) {
    twins.twinMoved(id, { state: 'pending', rev: 1 });
    twins.twinMoved(id, { state: twinStates[at % twinStates.length] ?? 'in-sync', rev: 1 });
  }
  const alarms = new AlarmRecorder({ clock: changed, writer, ledger, recordOf: (id) => records.get(id) });
  for (const change of alarmChanges) alarms.alarmChanged({ ...AlarmView.examples[0], ...change });
  const incidents = new IncidentRecorder({ clock: changed, writer, ledger });
  for (const value of ['first floor', 'east']) {
    incidents.incidentChanged({ ...incident, scope: { by: 'site', value } });
  }
  const refused = new RefusedRecorder({ clock: changed, writer, ledger, hubId: 'h-1' });
  for (const { id, name } of shippedTypes) {
    const stream = `of-${name}`;
    for (let frames = 0; frames < refusedFrames; frames += 1)
      refused.note({ type: id, stream, field: '/value', rule: 'maximum' });
  }
  refused.record();
  const monitoring = { clock: changed, writer, ledger, hubId: 'hub-of-history', read: () => atStart };
  new SelfMonitoring(monitoring).record();
  assert.equal(await writer.drain(30_000), 0);
  for (const { streams } of shippedTypes)
    for (const { measurement } of streams.values())
      await store.rollUp(measurement, wholeMinutes(toMs - hourMs), wholeMinutes(toMs));
  assert.equal(ledger.total.stored, ledger.total.received);
  await pipeline.close();
  await store.close();
}

/** What sends a device's readings in order, one a minute, and its events with the last of them. */
function senderOf(
  { id, site, type: name, silent }: HistoryDevice,
  { ingest, ledger, startMs }: { ingest: Ingest; ledger: Ledger; startMs: number },
) {
  const type = typeNamed(name);
  const channel = ingest.openChannel({ id, site }, type, 'boot-1', new Map());
  const owner: FrameOwner = {
    account: ledger.account(id),
    stored: () => undefined,
    refusedByStore: (_seq, _samples, reason) => assert.fail(`the store refused a line: ${reason}`),
  };
  let told = 0;
  /** @param untilMs Unix ms */
  function tell(untilMs: number): void {
    for (; told < readingsPerDevice && startMs + told * 60_000 < untilMs; told += 1) {
      const ts = startMs + told * 60_000 + 500;
      for (const [stream, data] of Object.entries(readings[name] ?? {})) {
        const frame = { type: 'telemetry', seq: told, stream, ts, data } as const;
        assert.equal(ingest.telemetry(channel, owner, frame), undefined);
      }
    }
    if (told < readingsPerDevice) return;
    for (const event of type.events.keys()) {
      const frame = { type: 'event', seq: 1_000, name: event, severity: 'critical' } as const;
      assert.equal(ingest.event(channel, owner, { ...frame, ts: startMs + hourMs - 90_000 }), undefined);
    }
  }
  return { silent, tell };
}

function recordOf({ id, type, site }: HistoryDevice): DeviceRecord {
  return { id, type: typeNamed(type).id, site, credentials: [], createdMs: 0, disabled: false, epoch: 1 };
}

/** All run 1.0; from the change on, those of type env-sensor run 1.1. */
function firmwareAt(timeMs: number, changedMs: number): FirmwareOfDevice[] {
  return historyDevices.map(({ type, site }) => ({
    type,
    site,
    firmware: timeMs >= changedMs && type === 'env-sensor' ? '1.1' : '1.0',
  }));
}

function presenceAt(timeMs: number, changedMs: number): [string, Presence][] {
  return historyDevices.map(({ id, state }) => {
    const now = state === 'never-seen' || timeMs >= changedMs ? state : 'online';
    return [id, { state: now, reason: 'resumed', sinceMs: timeMs, epoch: 1, n: 2, marks: {} }];
  });
}
