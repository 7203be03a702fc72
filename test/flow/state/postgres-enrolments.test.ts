import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Auditor } from '../../../hub/audit/audit.ts';
import { Enrolments, type Enrolled } from '../../../hub/identity/enrolment.ts';
import { Registry } from '../../../hub/registry/registry.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { meet, twoHubs, type StoredHub } from '../../helpers/stores/two-hubs.ts';

/** Devices enrol at whichever hub they come to, with tokens that any has made. */

const openHubs = twoHubs();
const clock = new ManualClock();
const audit: Auditor = {
  record: () => Promise.resolve(),
  entryOf: () => assert.fail(),
  noted: () => undefined,
  refused: () => undefined,
};

async function enrolmentsOf({ stores, news }: StoredHub): Promise<Enrolments> {
  const registry = new Registry({ store: stores.devices, clock, news });
  await registry.load();
  const enrolments = new Enrolments({ store: stores.enrolments, registry, clock, audit, several: true });
  await enrolments.load();
  return enrolments;
}

function newToken(uses: number, reEnrolment: 'never' | 'approve' = 'never') {
  const [type, site] = ['env-sensor@1', 'lab'];
  return { type, site, labels: {}, idPrefix: '', uses, notAfterMs: clock.now() + 60_000, reEnrolment };
}

const kindOf = ({ kind }: Enrolled): string => kind;

test('a token that one hub has made a moment ago holds at another, as often as it may be used, until it is revoked', async (t) => {
  const { a, b } = await openHubs(t);
  const [one, other] = [await enrolmentsOf(a), await enrolmentsOf(b)];
  const { id, token } = await one.create(newToken(2));
  assert.equal(kindOf(await other.enrol({ token, id: 'new-1' }, '::1')), 'enrolled');
  assert.equal(kindOf(await one.enrol({ token, id: 'new-2' }, '::1')), 'enrolled');
  assert.equal(kindOf(await other.enrol({ token, id: 'new-3' }, '::1')), 'denied');
  const second = await one.create(newToken(2));
  await other.load();
  await other.revoke(second.id);
  assert.equal(kindOf(await one.enrol({ token: second.token, id: 'new-3' }, '::1')), 'denied');
  assert.deepEqual(
    one.list().map((enrolment) => [enrolment.id, enrolment.used]),
    [[id, 2]],
  );
});

test('the last use of a token is spent once, when two hubs are asked at one moment', async (t) => {
  const { a, b, db } = await openHubs(t);
  const [one, other] = [await enrolmentsOf(a), await enrolmentsOf(b)];
  const { token } = await one.create(newToken(1));
  const outcomes = await meet(db, (query) => query('SELECT 1 FROM enrolment FOR UPDATE'), [
    () => one.enrol({ token, id: 'new-1' }, '::1'),
    () => other.enrol({ token, id: 'new-2' }, '::1'),
  ]);
  assert.deepEqual(outcomes.map(kindOf).toSorted(), ['denied', 'enrolled']);
});

test('what a device asks at one hub is approved at another', async (t) => {
  const { a, b } = await openHubs(t);
  const [one, other] = [await enrolmentsOf(a), await enrolmentsOf(b)];
  const first = await one.create(newToken(1));
  assert.equal(kindOf(await one.enrol({ token: first.token, id: 'new-1' }, '::1')), 'enrolled');
  const { token } = await one.create(newToken(1, 'approve'));
  const pending = await one.enrol({ token, id: 'new-1' }, '::1');
  assert.ok(pending.kind === 'pending');
  await other.load();
  await other.decide('new-1', true);
  assert.equal(kindOf(await one.enrol({ token, id: 'new-1', claim: pending.claim }, '::1')), 'enrolled');
});

test('a request that one hub approves is not replaced by another device that asks a second one at that moment', async (t) => {
  const { a, b, db } = await openHubs(t);
  const [one, other] = [await enrolmentsOf(a), await enrolmentsOf(b)];
  const { token } = await one.create({ ...newToken(9, 'approve'), site: 'default' });
  // Registered in another way, and so not by an answer that was lost.
  const asked = await one.enrol({ token, id: 'd-1' }, '::1');
  assert.ok(asked.kind === 'pending');
  await other.load();
  const [, late] = await meet(db, (query) => query('SELECT 1 FROM enrolment_request FOR UPDATE'), [
    () => one.decide('d-1', true),
    () => other.enrol({ token, id: 'd-1' }, '::2'),
  ]);
  assert.deepEqual(late, { kind: 'refused', reason: 'busy' });
  await other.load();
  assert.equal(kindOf(await other.enrol({ token, id: 'd-1', claim: asked.claim }, '::1')), 'enrolled');
});
