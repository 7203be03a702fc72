import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { callApi } from '../../../hub/cli/admin-client.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';

const day = 86_400_000;

test('a hub whose clock was ahead once stores what is sent, says so, and believes an operator', async (t) => {
  const running = await startInProcessHub(t);
  await running.add(['d1']);
  const socket = join(running.dataDir, 'hub.sock');
  const db = new DatabaseSync(join(running.dataDir, 'state.db'), { timeout: 5_000 });
  db.prepare('INSERT INTO hub_clock (one, last_ms) VALUES (1, ?)').run(Date.now() + 30 * day);
  db.close();
  await running.restart();
  const readyz = async () => {
    const answer = await callApi(socket, 'GET /readyz', {});
    return { state: answer.state, clock: answer.parts['clock']?.reason };
  };
  const doubted = await readyz();
  assert.equal(doubted.state, 'degraded');
  assert.match(doubted.clock ?? '', /gone back by 30 days; .*hub clock accept/);
  assert.equal((await callApi(socket, 'GET /api/v1/hub', {})).clock.up, false);

  const device = await openRaw(running.device('d1'));
  t.after(() => device.close());
  device.send({ type: 'telemetry', seq: 1, stream: 'env', ts: Date.now(), data: { temperature: 20 } });
  await device.next('ack', (ack) => 'upTo' in ack && ack.upTo === 1);

  assert.equal((await callApi(socket, 'POST /api/v1/hub/clock/accept', {})).fault, undefined);
  assert.deepEqual(await readyz(), { state: 'ready', clock: undefined });
  const { entries } = await callApi(socket, 'GET /api/v1/audit', { query: {} });
  assert.ok(entries.some(({ action }) => action === 'clock.accept'));
});
