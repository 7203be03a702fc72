import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Audit, type AuditEntry } from '../../../hub/audit/audit.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { ManualClock } from '../../helpers/clock.ts';

function audit() {
  const clock = new ManualClock();
  const entries: AuditEntry[] = [];
  const store = {
    append: (entry: AuditEntry) => {
      entries.push(entry);
      return Promise.resolve();
    },
    list: () => Promise.resolve([]),
  };
  return { clock, entries, store, audit: new Audit({ store, clock, log: createLog({ level: 'silent' }) }) };
}

const refusal = { actor: 'address:192.0.2.1', origin: 'device', action: 'connect', subject: 'd-1' } as const;

test('a source of refusals gets ten entries a minute, and what is left out is counted', async () => {
  const { audit: tested, entries, clock } = audit();
  for (let n = 0; n < 25; n += 1) tested.refused('192.0.2.1', refusal);
  tested.refused('192.0.2.2', refusal);
  await tested.close();
  assert.equal(entries.length, 11);
  assert.equal(tested.counters.suppressed, 15);
  clock.advance(60_000);
  tested.refused('192.0.2.1', refusal);
  await tested.close();
  assert.equal(entries.length, 12);
  assert.equal(entries.at(-1)?.outcome, 'refused');
});

test('many sources together cannot fill the disk', async () => {
  const { audit: tested, entries } = audit();
  for (let n = 0; n < 5_000; n += 1) tested.refused(`source-${n}`, refusal);
  await tested.close();
  assert.equal(entries.length, 300);
  assert.equal(tested.counters.suppressed, 4_700);
});

test('texts of strangers are clipped', async () => {
  const { audit: tested, entries } = audit();
  await tested.record({ ...refusal, subject: 'x'.repeat(5_000), outcome: 'done' });
  assert.equal(entries[0]?.subject.length, 128);
});

test('an entry that cannot be written is counted and stops nobody', async () => {
  const { audit: tested, store } = audit();
  store.append = () => Promise.reject(new Error('the disk is full'));
  await tested.record({ ...refusal, outcome: 'done' });
  assert.deepEqual(tested.counters, { recorded: 0, suppressed: 0, failures: 1 });
});

test('a flood of strangers leaves room for the refusals of operators', async () => {
  const { audit: tested, entries } = audit();
  for (let n = 0; n < 5_000; n += 1) tested.refused(`source-${n}`, refusal);
  tested.refused('operator:anna', { ...refusal, actor: 'operator:anna', origin: 'http' });
  await tested.close();
  assert.equal(entries.at(-1)?.actor, 'operator:anna');
});

test('what one actor has under way to a slow disk leaves room for others', async () => {
  const { audit: tested, store, entries } = audit();
  const disk = Promise.withResolvers<void>();
  store.append = (entry) => {
    entries.push(entry);
    return disk.promise;
  };
  const event = { ...refusal, origin: 'http', outcome: 'done' } as const;
  for (let n = 0; n < 2_000; n += 1) void tested.record({ ...event, actor: 'token:greedy' });
  for (let n = 0; n < 100; n += 1) void tested.record({ ...event, actor: 'operator:anna' });
  assert.equal(entries.filter(({ actor }) => actor === 'token:greedy').length, 500);
  assert.equal(entries.filter(({ actor }) => actor === 'operator:anna').length, 100);
  disk.resolve();
  await tested.close();
});
