import assert from 'node:assert/strict';
import { createAlarmOperations } from '../../../hub/alarms/alarm-operations.ts';
import { Alarms } from '../../../hub/alarms/alarms.ts';
import { DeviceProblems } from '../../../hub/alarms/device-problems.ts';
import { LimitWatch } from '../../../hub/alarms/limit-watch.ts';
import { Silences } from '../../../hub/alarms/silences.ts';
import type { Problem } from '../../../hub/alarms/alarm.ts';
import type { AlarmQuery, AlarmView, Silence } from '../../../schemas/api/alarms.ts';
import type { Requester } from '../../../schemas/api/requester.ts';
import { compileDeviceType } from '../../../schemas/index.ts';
import { ManualClock } from '../clock.ts';
import { silentLog } from '../silent-log.ts';
import { MemoryAlarms } from '../stores/memory-alarms.ts';

export const requester: Requester = { actor: 'operator:anna', origin: 'http' };

export const query: AlarmQuery = { state: 'open', silenced: 'with', limit: 100 };

export const offline: Problem = {
  source: 'offline',
  kind: 'offline',
  severity: 'warning',
  text: 'offline',
  lasting: true,
};

export const type = compileDeviceType(
  {
    name: 'meter',
    version: 1,
    streams: {
      env: {
        type: 'object',
        properties: { t: { type: 'number', unit: 'Cel', 'x-low': 0, 'x-high': 50, 'x-delaySec': 10 } },
        required: ['t'],
        additionalProperties: false,
      },
    },
    presence: { heartbeatSec: 30, alarmAfterSec: 300 },
  },
  'meter@1.json',
);

export async function startAlarmParts(store = new MemoryAlarms(), clock = new ManualClock()) {
  const records = new Map(
    ['d-1', 'd-2', 'd-3'].map((id, at) => [id, { id, type: 'meter@1', site: at === 0 ? 'a' : 'b' }]),
  );
  const recordOf = (id: string) => records.get(id);
  const kept: Silence[] = [];
  const audited: string[] = [];
  const audit = {
    record: async ({ action, subject }: { action: string; subject: string }) => {
      audited.push(`${action} ${subject}`);
    },
    entryOf: () => assert.fail(),
    noted: () => undefined,
    refused: () => undefined,
  };
  const log = silentLog;
  let ids = 0;
  const silences = new Silences({
    clock,
    log,
    audit,
    recordOf,
    newId: () => String((ids += 1)),
    store: {
      load: () => Promise.resolve(kept),
      save: async (silence) => void kept.push(silence),
      remove: () => Promise.resolve(),
    },
  });
  const told: AlarmView[] = [];
  const alarms = new Alarms({
    clock,
    log,
    audit,
    store,
    isRegistered: (id) => records.has(id),
    isSilenced: (id) => silences.covers(id),
    followers: [{ alarmChanged: (alarm) => told.push(alarm) }],
    webhooks: { deliveriesOf: () => [], owe: () => undefined },
  });
  silences.follow(() => alarms.silencesChanged());
  await alarms.load();
  const operations = createAlarmOperations({ alarms, silences, recordOf });
  const explained = new Set<string>();
  const deps = { clock, alarms, typeOf: () => type };
  const problems = new DeviceProblems({ ...deps, isExplained: (id) => explained.has(id) });
  const limits = new LimitWatch(deps);
  const streamOf = (id: string) => {
    const stream = limits.followStream(id, type, 'env');
    assert.ok(stream);
    return stream;
  };
  const states = (): string[] =>
    operations.list(query).alarms.map(({ device, source, state }) => `${device} ${source} ${state}`);
  return {
    store,
    clock,
    alarms,
    silences,
    operations,
    problems,
    streamOf,
    told,
    audited,
    explained,
    states,
    records,
  };
}

/** Everything that is under way to the disk has come there. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
