import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenHub } from '../../../hub/cluster/hub-start.ts';
import type { PeerQuestion } from '../../../hub/cluster/peers.ts';
import type { AskedNotice, Spread } from '../../../hub/notices/notice-spreads.ts';
import { NoticesElsewhere } from '../../../hub/notices/notices-elsewhere.ts';
import { ManualClock } from '../../helpers/clock.ts';

const hubNamed = (id: string): SeenHub => ({ id, incarnation: 1, beat: 1, state: 'up', version: '0' });
const spread = (sent: number, isOver = true): Spread => ({
  delivered: { sent, dropped: 0, tooLarge: 0 },
  isOver,
});
const order = { id: 'n', to: 'all', topic: 'news', data: 1, jitterMs: 0 };

/** @param answer what a hub says the nth time it is asked; undefined: nothing */
function elsewhereWith(answer: (hub: string, nth: number) => Spread | undefined, hubs: SeenHub[]) {
  const clock = new ManualClock();
  const asked = new Map<string, PeerQuestion[]>();
  const elsewhere = new NoticesElsewhere({
    clock,
    me: hubNamed('a'),
    tenure: { hubs },
    peers: {
      async ask({ id }, question) {
        // Their clock is ahead of this one's.
        if (question.method === 'GET')
          return {
            status: 200,
            headers: {},
            body: Buffer.from(JSON.stringify({ nowMs: clock.monotonic() + 7 })),
          };
        const questions = asked.get(id) ?? [];
        asked.set(id, [...questions, question]);
        const said = answer(id, questions.length);
        if (said === undefined) throw new Error('no answer');
        return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(said)) };
      },
    },
  });
  return { clock, asked, elsewhere };
}

test('each other hub is asked until all of its devices had their moment, also after a question that was lost', async () => {
  const answers = [undefined, spread(1, false), spread(2)];
  const { clock, asked, elsewhere } = elsewhereWith(
    (hub, nth) => (hub === 'b' ? answers[nth] : spread(3)),
    ['a', 'b', 'c'].map(hubNamed),
  );
  const outMs = clock.monotonic();
  const finished = elsewhere.finish({ ...order, jitterMs: 1_000 });
  await clock.advanceAsync(1_000);
  assert.deepEqual(await finished, { delivered: { sent: 5, dropped: 0, tooLarge: 0 }, silentHubs: [] });
  assert.deepEqual(
    [...asked].map(([hub, { length }]) => [hub, length]),
    [
      ['b', 3],
      ['c', 1],
    ],
  );
  const [question] = asked.get('c') ?? [];
  assert.deepEqual(JSON.parse(question?.body ?? ''), { ...order, jitterMs: 1_000, outMs: outMs + 7 });
  const moments = asked.get('b')?.map(({ body }) => (JSON.parse(body ?? '') as AskedNotice).outMs);
  assert.deepEqual(moments, [outMs + 7, outMs + 7, outMs + 7], 'by the clock of the asked hub');
});

test('a hub that lives and does not answer is named after a while; one that has died is not waited for', async () => {
  const hubs = ['a', 'b', 'c'].map(hubNamed);
  const { clock, elsewhere } = elsewhereWith(() => undefined, hubs);
  const finished = elsewhere.finish(order);
  hubs[2] = { ...hubNamed('c'), state: 'dead' };
  await clock.advanceAsync(5_000);
  const { silentHubs } = await finished;
  assert.deepEqual(silentHubs, ['b']);
});
