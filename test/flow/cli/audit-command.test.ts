import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../schemas/time/clock.ts';
import { runCommand } from '../../helpers/cli.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';

interface Entry {
  timeMs: number;
  subject: string;
}

test('the audit is listed from one time on and up to another, exclusive', async (t) => {
  const { dataDir } = await startInProcessHub(t);
  const run = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await runCommand(args, dataDir, { clock: systemClock });
    assert.equal(code, 0, err);
    return out;
  };
  await run('device', 'add', 'd-1', '--type', 'env-sensor@1');
  const list = async (...range: string[]): Promise<Entry[]> => {
    const out = await run('audit', 'list', '--action', 'device.add', '--json', ...range);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry);
  };
  const [added] = await list();
  assert.equal(added?.subject, 'd-1');
  const at = new Date(Math.floor(added.timeMs)).toISOString();
  const after = new Date(Math.floor(added.timeMs) + 1).toISOString();
  assert.equal((await list('--from', at, '--to', after)).length, 1);
  assert.deepEqual(await list('--from', after), []);
  assert.deepEqual(await list('--to', at), []);
});
