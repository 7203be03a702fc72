import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { fastify } from 'fastify';
import { WebSocket } from 'ws';
import { answerFaults, refuseHandshake } from '../../../hub/adapters/http/error-answers.ts';

import { serveLive, takeUpgrades } from '../../../hub/adapters/http/routes/live-routes.ts';
import { HubSnapshot } from '../../../schemas/api/hub.ts';
import type { LiveMessage } from '../../../schemas/api/live.ts';
import { LiveFeed } from '../../../hub/admin/live-feed.ts';
import { exampleOf } from '../../helpers/api-example.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('a page that stops reading stops being sent to, and gets what is true when it reads again', async (t) => {
  const clock = new ManualClock();
  const snapshot = { ...exampleOf(HubSnapshot), version: 'x'.repeat(500_000) };
  let round = 0;
  const nothing = (): undefined => undefined;
  const counts = { byState: {}, devices: 0, messagesPerSec: 0, storedPerSec: 0 };
  const feed = new LiveFeed({
    clock,
    log: silentLog,
    sources: {
      ids: () => [],
      presence: nothing,
      row: nothing,
      whose: () => 'ours',
      details: nothing,
      counts: () => Promise.resolve(counts),
      hub: () => Promise.resolve({ ...snapshot, nowMs: round }),
      frames: { looked: () => Promise.resolve(), newest: () => 0, since: () => ({ frames: [] }) },
    },
  });
  const app = fastify();
  answerFaults(app, silentLog);
  await takeUpgrades(app, refuseHandshake);
  serveLive(app, feed);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  const plain = await app.inject('/api/v1/live');
  assert.equal(plain.statusCode, 426);

  const page = new WebSocket(`${url.replace('http', 'ws')}/api/v1/live`);
  const rounds: number[] = [];
  page.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as LiveMessage;
    if (message.t === 'hub') rounds.push(message.nowMs);
  });
  await once(page, 'open');
  page.send('{"watch":["hub"]}');
  await waitFor(async () => (await clock.advanceAsync(250), rounds.length > 0), {
    what: 'the first message',
  });

  page.pause();
  // More than the system's own buffers take, and no more than the hub allows itself.
  for (; feed.counters.merged === 0; round += 1) {
    assert.ok(round < 200, 'it is sent to without end');
    await clock.advanceAsync(1_000);
  }
  const sent = feed.counters.messages;
  for (let more = 0; more < 20; more += 1, round += 1) await clock.advanceAsync(1_000);
  assert.equal(feed.counters.messages, sent, 'nothing more is handed over');
  page.resume();
  await waitFor(async () => (await clock.advanceAsync(1_000), rounds.at(-1) === round), {
    what: 'the newest message',
  });
  assert.equal(feed.counters.closedSlow, 0);
  page.close();
  await waitFor(() => feed.sockets === 0, { what: 'the socket is gone' });
  assert.equal(clock.pending, 0);
});
