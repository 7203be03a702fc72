import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { Delivery, Webhook } from '../../../hub/alarms/webhook-store.ts';
import { Webhooks } from '../../../hub/alarms/webhooks.ts';
import { AlarmView } from '../../../schemas/api/alarms.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const secret = 'a long text that both know';
const [example] = AlarmView.examples;
const alarm: AlarmView = { ...example, severity: 'critical' };

/** A disk, and another program that answers as it is told. */
function scene() {
  const clock = new ManualClock();
  const kept = new Map<string, Webhook>();
  const disk = new Map<string, Delivery>();
  const posted: { body: string; headers: Readonly<Record<string, string>> }[] = [];
  const other: { answer: string | undefined } = { answer: undefined };
  let ids = 0;
  const start = async (): Promise<Webhooks> => {
    const webhooks = new Webhooks({
      clock,
      log: silentLog,
      random: () => 1,
      hubId: 'hub-1',
      newId: () => `d-${(ids += 1)}`,
      recordOf: (id) => ({ id, type: 'meter@1', site: 'a' }),
      send: async ({ body, headers }) => {
        posted.push({ body, headers });
        return other.answer;
      },
      store: {
        webhooks: () => Promise.resolve([...kept.values()]),
        deliveries: () => Promise.resolve([...disk.values()]),
        add: async (webhook) => void kept.set(webhook.name, webhook),
        remove: async (name) => void kept.delete(name),
        settle: async (done) => done.forEach((id) => disk.delete(id)),
      },
    });
    await webhooks.load();
    return webhooks;
  };
  /** As the saving of alarms does it: to disk, then owed. */
  const tell = (webhooks: Webhooks, view: AlarmView): void => {
    const deliveries = webhooks.deliveriesOf(view);
    for (const delivery of deliveries) disk.set(delivery.id, delivery);
    webhooks.owe(deliveries);
  };
  const bodies = () =>
    posted.map(({ body }) => JSON.parse(body) as { id: string; alarm: { source: string } });
  return { clock, disk, posted, other, start, tell, bodies };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pager = { name: 'pager', url: 'https://pager.example/', secret };

test('an alarm is posted with a signature that the other can verify', async () => {
  const { start, tell, posted, disk } = scene();
  const webhooks = await start();
  await webhooks.add(pager, 'operator:anna');
  tell(webhooks, alarm);
  await turn();
  const [request] = posted;
  const signature = createHmac('sha256', secret)
    .update(request?.body ?? '')
    .digest('hex');
  assert.equal(request?.headers['x-hub-signature-256'], `sha256=${signature}`);
  const { id, hub, alarm: told } = JSON.parse(request.body) as { id: string; hub: string; alarm: AlarmView };
  assert.deepEqual([id, hub, told.source, told.state], ['d-1', 'hub-1', alarm.source, 'raised']);
  assert.equal(request.headers['x-hub-delivery'], id);
  assert.equal(disk.size, 0);
  assert.equal('secret' in (webhooks.list()[0] ?? {}), false);
});

test('a webhook that fails is asked again with longer and longer pauses, in order, and given up after a day', async () => {
  const { start, tell, other, clock, bodies, disk } = scene();
  const webhooks = await start();
  await webhooks.add(pager, 'operator:anna');
  other.answer = 'it answered 500';
  tell(webhooks, alarm);
  tell(webhooks, { ...alarm, state: 'closed' });
  await turn();
  await clock.advanceAsync(3_600_000);
  const early = bodies().length;
  assert.ok(early >= 8 && early <= 16, `${early} attempts in an hour`);
  assert.deepEqual(new Set(bodies().map(({ id }) => id)), new Set(['d-1']));
  assert.equal(webhooks.list()[0]?.lastError, 'it answered 500');
  await clock.advanceAsync(86_400_000);
  assert.deepEqual([webhooks.counters.dead, webhooks.counters.delivered], [2, 0]);
  assert.deepEqual([webhooks.list()[0]?.dead, disk.size, webhooks.waiting], [2, 0, 0]);
  other.answer = undefined;
  tell(webhooks, alarm);
  await turn();
  assert.deepEqual([webhooks.counters.delivered, webhooks.list()[0]?.lastError], [1, undefined]);
});

test('what waits is sent by the next hub under the same id', async () => {
  const { start, tell, other, bodies, disk } = scene();
  const first = await start();
  await first.add(pager, 'operator:anna');
  other.answer = 'no answer';
  tell(first, alarm);
  await turn();
  first.close();
  other.answer = undefined;
  const second = await start();
  await turn();
  assert.deepEqual(
    bodies().map(({ id }) => id),
    ['d-1', 'd-1'],
  );
  assert.deepEqual([second.counters.delivered, disk.size], [1, 0]);
});

test('a webhook is told of its severity and its devices only, and of nothing that is silenced', async () => {
  const { start } = scene();
  const webhooks = await start();
  await webhooks.add({ ...pager, severity: 'critical', to: 'site=a' }, 'operator:anna');
  const isTold = (view: Partial<AlarmView>): boolean =>
    webhooks.deliveriesOf({ ...alarm, ...view }).length > 0;
  assert.ok(isTold({}));
  assert.ok(!isTold({ severity: 'warning' }));
  assert.ok(!isTold({ device: null }));
  assert.ok(!isTold({ silenced: true }));
});

test('a webhook that takes nothing leaves room for the deliveries of another, and what is dropped is counted', async () => {
  const { start, tell, other } = scene();
  const webhooks = await start();
  await webhooks.add(pager, 'operator:anna');
  other.answer = 'no answer';
  for (let at = 0; at < 10_001; at += 1) tell(webhooks, alarm);
  assert.deepEqual([webhooks.waiting, webhooks.counters.dropped], [10_000, 1]);
  await webhooks.add({ ...pager, name: 'other' }, 'operator:bob');
  assert.deepEqual(
    webhooks.deliveriesOf(alarm).map(({ webhook }) => webhook),
    ['other'],
  );
  webhooks.close();
});

test('one person adds as many webhooks as are free, and there is room for another', async () => {
  const { start } = scene();
  const webhooks = await start();
  for (let at = 0; at < 50; at += 1) await webhooks.add({ ...pager, name: `w-${at}` }, 'token:greedy');
  await assert.rejects(webhooks.add({ ...pager, name: 'more' }, 'token:greedy'), { code: 'input-invalid' });
  await webhooks.add(pager, 'operator:anna');
  await assert.rejects(webhooks.add(pager, 'operator:anna'), { code: 'webhook-exists' });
});
