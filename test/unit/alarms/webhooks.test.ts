import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { StoredDeadDelivery, Webhook, WebhookStore } from '../../../hub/alarms/webhook-store.ts';
import { Webhooks } from '../../../hub/alarms/webhooks.ts';
import { AlarmView } from '../../../schemas/api/alarms.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const secret = 'a long text that both know';
const [example] = AlarmView.examples;
const alarm: AlarmView = { ...example, severity: 'critical' };

type Kept = Omit<StoredDeadDelivery, 'deadMs' | 'error'> & Partial<StoredDeadDelivery>;

/** What is on disk, in order; `deadMs` marks the dead. */
function memoryStore(kept: Map<string, Webhook>, disk: Map<string, Kept>): WebhookStore {
  const dead = (ids?: readonly string[]): StoredDeadDelivery[] =>
    [...disk.values()].flatMap((one) =>
      one.deadMs === undefined || one.error === undefined || ids?.includes(one.id) === false
        ? []
        : [{ ...one, deadMs: one.deadMs, error: one.error }],
    );
  return {
    webhooks: () => Promise.resolve([...kept.values()]),
    deliveries: () => Promise.resolve([...disk.values()].filter(({ deadMs }) => deadMs === undefined)),
    dead: (_webhook, limit) => Promise.resolve(dead().toReversed().slice(0, limit)),
    deadCounts: () => Promise.resolve(new Map([['pager', dead().length]])),
    add: async (webhook) => !kept.has(webhook.name) && kept.set(webhook.name, webhook).size > 0,
    remove: async (name) => void kept.delete(name),
    settle: async (done) => done.forEach((id) => disk.delete(id)),
    async bury({ id, deadMs, error }) {
      const one = disk.get(id);
      if (one !== undefined) disk.set(id, { ...one, deadMs, error });
      return 0;
    },
    async revive({ ids, limit, nowMs }) {
      const revived = dead(ids)
        .slice(0, limit)
        .map(({ id, webhook, body }) => ({ id, webhook, body, createdMs: nowMs }));
      for (const one of revived) disk.set(one.id, one);
      return revived;
    },
    async purge(_webhook, ids) {
      const gone = dead(ids);
      for (const { id } of gone) disk.delete(id);
      return gone.length;
    },
  };
}

/** A disk, and another program that answers as it is told. */
function scene() {
  const clock = new ManualClock();
  const kept = new Map<string, Webhook>();
  const disk = new Map<string, Kept>();
  const posted: { body: string; headers: Readonly<Record<string, string>>; answer: string | undefined }[] =
    [];
  const other: { answer: string | undefined } = { answer: undefined };
  let ids = 0;
  const start = async (wrap = (store: WebhookStore) => store, mayAct?: () => boolean): Promise<Webhooks> => {
    const webhooks = new Webhooks({
      clock,
      log: silentLog,
      random: () => 1,
      hubId: 'hub-1',
      newId: () => `d-${(ids += 1)}`,
      recordOf: (id) => ({ id, type: 'meter@1', site: 'a' }),
      send: async ({ body, headers }) => {
        posted.push({ body, headers, answer: other.answer });
        return other.answer;
      },
      store: wrap(memoryStore(kept, disk)),
      mayAct,
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

const idOf = (body: string): string => (JSON.parse(body) as { id: string }).id;
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
  assert.equal('secret' in ((await webhooks.list())[0] ?? {}), false);
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
  assert.equal((await webhooks.list())[0]?.lastError, 'it answered 500');
  await clock.advanceAsync(86_400_000);
  assert.deepEqual([webhooks.counters.dead, webhooks.counters.delivered], [2, 0]);
  assert.deepEqual([(await webhooks.list())[0]?.dead, disk.size, webhooks.waiting], [2, 2, 0]);
  other.answer = undefined;
  tell(webhooks, alarm);
  await turn();
  assert.deepEqual([webhooks.counters.delivered, (await webhooks.list())[0]?.lastError], [1, undefined]);
});

test('what is dead says which alarm it tells of, and is posted before all that wait when somebody retries it, for another day', async () => {
  const { start, tell, other, clock, bodies, disk } = scene();
  const webhooks = await start();
  await webhooks.add(pager, 'operator:anna');
  other.answer = 'it answered 500';
  tell(webhooks, alarm);
  await turn();
  await clock.advanceAsync(86_400_000 + 900_000);
  const [dead] = await webhooks.dead('pager', 10);
  assert.deepEqual(
    [dead?.id, dead?.error, dead?.device, dead?.source, dead?.state],
    ['d-1', other.answer, alarm.device, alarm.source, 'raised'],
  );
  tell(webhooks, alarm);
  await turn();
  assert.equal(await webhooks.retryDead('pager', { ids: ['d-1', 'none'] }), 1);
  assert.equal(await webhooks.retryDead('pager', { all: true }), 0);
  await turn();
  await clock.advanceAsync(3_600_000);
  assert.equal(bodies().at(-1)?.id, 'd-1');
  assert.equal((await webhooks.list())[0]?.dead, 0);
  other.answer = undefined;
  await clock.advanceAsync(900_000);
  assert.deepEqual(
    bodies()
      .slice(-2)
      .map(({ id }) => id),
    ['d-1', 'd-2'],
  );
  assert.deepEqual([webhooks.counters.dead, webhooks.counters.revived, disk.size], [1, 1, 0]);
  await assert.rejects(webhooks.retryDead('none', { all: true }), { code: 'webhook-unknown' });
});

test('a hub that is killed before or after any write loses no delivery: it is taken, dead, owed or purged by somebody', async () => {
  let writes = 0;
  for (let at = 1; at === 1 || at <= writes; at += 1) {
    for (const isWritten of [false, true]) {
      const { start, tell, other, clock, posted, disk } = scene();
      writes = 0;
      const dies = async <Answer>(write: () => Promise<Answer>): Promise<Answer> => {
        writes += 1;
        if (writes === at && isWritten) await write();
        return writes >= at ? new Promise<never>(() => undefined) : write();
      };
      const killed = (store: WebhookStore): WebhookStore => ({
        ...store,
        settle: (ids) => dies(() => store.settle(ids)),
        bury: (delivery, keep) => dies(() => store.bury(delivery, keep)),
        revive: (given) => dies(() => store.revive(given)),
        purge: (name, ids) => dies(() => store.purge(name, ids)),
      });
      const first = await start(killed);
      await first.add(pager, 'operator:anna');
      other.answer = 'it answered 500';
      for (let n = 0; n < 3; n += 1) tell(first, alarm);
      await turn();
      await clock.advanceAsync(2 * 86_400_000);
      void first.purgeDead('pager', { ids: ['d-1'] });
      await turn();
      other.answer = undefined;
      void first.retryDead('pager', { ids: ['d-2'] });
      await turn();
      tell(first, alarm);
      await turn();
      // Of the killed one nothing more comes.
      void first.close();

      const next = await start();
      await next.retryDead('pager', { all: true });
      await clock.advanceAsync(1_000);
      const taken = new Set(
        posted.filter(({ answer }) => answer === undefined).map(({ body }) => idOf(body)),
      );
      const isPurged = !taken.has('d-1');
      assert.deepEqual(
        [...taken].filter((id) => id !== 'd-1').toSorted(),
        ['d-2', 'd-3', 'd-4'],
        `killed at write ${at}, ${isWritten ? 'after' : 'before'} it was on disk`,
      );
      assert.ok(!isPurged || at > 3, 'purged though nobody had asked for it');
      assert.equal(disk.size, 0);
      await next.close();
    }
  }
  assert.ok(writes >= 6, `${writes} writes`);
});

test('what waits is sent by the next hub under the same id', async () => {
  const { start, tell, other, bodies, disk } = scene();
  const first = await start();
  await first.add(pager, 'operator:anna');
  other.answer = 'no answer';
  tell(first, alarm);
  await turn();
  await first.close();
  other.answer = undefined;
  const second = await start();
  await turn();
  assert.deepEqual(
    bodies().map(({ id }) => id),
    ['d-1', 'd-1'],
  );
  assert.deepEqual([second.counters.delivered, disk.size], [1, 0]);
});

test('what is shared with other hubs is owed once, and is not sent while this hub may not act', async () => {
  const { start, bodies } = scene();
  const standing = { may: false };
  const webhooks = await start(undefined, () => standing.may);
  await webhooks.add(pager, 'operator:anna');
  const shared = webhooks.deliveriesOf(alarm).map((delivery) => ({ ...delivery, isShared: true }));
  await webhooks.takeOver(shared);
  await webhooks.takeOver(shared);
  await turn();
  assert.deepEqual([bodies().length, webhooks.waiting], [0, 1]);
  standing.may = true;
  await webhooks.takeOver([]);
  await turn();
  assert.deepEqual([bodies().length, webhooks.waiting], [1, 0]);
  await webhooks.close();
});

test('a hub that stops waits for a delivery that is under way, which the next one does not send again', async () => {
  const { start, tell, disk } = scene();
  const webhooks = await start();
  await webhooks.add(pager, 'operator:anna');
  tell(webhooks, alarm);
  assert.equal(disk.size, 1);
  await webhooks.close();
  assert.equal(disk.size, 0);
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
  await webhooks.close();
});

test('one person adds as many webhooks as are free, and there is room for another', async () => {
  const { start } = scene();
  const webhooks = await start();
  for (let at = 0; at < 50; at += 1) await webhooks.add({ ...pager, name: `w-${at}` }, 'token:greedy');
  await assert.rejects(webhooks.add({ ...pager, name: 'more' }, 'token:greedy'), { code: 'input-invalid' });
  await webhooks.add(pager, 'operator:anna');
  await assert.rejects(webhooks.add(pager, 'operator:anna'), { code: 'webhook-exists' });
});
