import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeDevice } from '../../../sdk/typescript/src/node.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

const shipped = fileURLToPath(new URL('../../../schemas/device-types', import.meta.url));

test('log lines reach the hub behind the readings, also those that its rate sends back, and hold up no reading', async (t) => {
  const folder = temporaryFolder('types');
  t.after(() => folder.remove());
  const types = join(folder.path, 'types');
  cpSync(shipped, types, { recursive: true });
  const file = join(types, 'env-sensor@1.json');
  const type = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...type, logs: true }));
  const hub = await startInProcessHub(t, { HUB_SCHEMAS_DIR: types, HUB_LOGS_PER_SEC: '20' });
  await hub.add(['d-1']);
  const device = makeDevice({ ...hub.device('d-1'), type: 'env-sensor@1' });
  t.after(() => device.close());
  const isNacked = eventOf(device, 'nack');
  device.wake();
  for (let line = 1; line <= 60; line += 1) device.log('info', `line ${line}`, 'boot');
  assert.match(JSON.stringify(await isNacked), /"rate"/);
  assert.deepEqual(await device.measure('env', { temperature: 21 }), { kind: 'stored' });
  const lines = await waitFor(
    async () => {
      const query = { fromMs: 0, toMs: Date.now() + 60_000, limit: 100, take: 'last' as const };
      const answer = await hub.ask('GET /api/v1/devices/{id}/logs', { params: { id: 'd-1' }, query });
      return answer.lines.length === 60 && answer.lines;
    },
    { what: 'all lines are there', timeoutMs: 10_000, everyMs: 50 },
  );
  assert.equal(new Set(lines.map(({ msg }) => msg)).size, 60);
  assert.ok(lines.every(({ level, tag }) => level === 'info' && tag === 'boot'));
  assert.equal(device.counts().logsLost, 0);
});
