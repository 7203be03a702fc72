import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident } from '../../../schemas/api/incidents.ts';
import { runCommand } from '../../helpers/cli.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const everySecond = ['--cron', '* * * * * *', '--time-zone', 'UTC'];

test('a schedule that can only be refused is refused when it is added, with the types that refuse it', async (t) => {
  const hub = await startInProcessHub(t);
  await hub.add(['env-1', 'env-2']);
  await hub.add(['valve-1', 'valve-2', 'valve-3', 'valve-4'], 'smart-valve@1');
  const add = (...args: string[]) => runCommand(['schedule', 'add', ...args, ...everySecond], hub.dataDir);
  const all = await add('all', '--to', 'all', '--command', 'identify');
  assert.equal(all.code, 1);
  assert.match(
    all.err,
    /identify would be refused by smart-valve@1 \(valve-1, valve-2, valve-3 and 1 more: unknown-command: .*\); narrow/,
  );
  const nosuch = await add('nosuch', '--to', 'type=env-sensor', '--command', 'nosuch');
  assert.match(nosuch.err, /nosuch would be refused by env-sensor@1 \(env-1, env-2: unknown-command: /);
  const params = await add('params', '--to', 'env-1', '--command', 'identify', '--param', 'colour=red');
  assert.match(params.err, /env-sensor@1 \(env-1: bad-params: \/colour must be/);
  const { out } = await runCommand(['schedule', 'list', '--json'], hub.dataDir);
  assert.equal(out, '');

  const later = await add('later', '--to', 'type=mirror', '--command', 'identify');
  assert.deepEqual([later.code, later.err], [0, 'note: no device matches type=mirror now\n']);
});

test('a schedule refused at two times in a row is an incident over a restart, until one is sent', async (t) => {
  const hub = await startInProcessHub(t);
  const add = ['--to', 'type=env-sensor', '--command', 'identify'];
  await runCommand(['schedule', 'add', 'often', ...add, ...everySecond], hub.dataDir);
  const incident = (state: Incident['state']): Promise<Incident> =>
    waitFor(
      async () =>
        (await hub.ask('GET /api/v1/incidents', {})).incidents.find(
          (one) => one.kind === 'schedule-refused' && one.state === state,
        ),
      { what: `the incident is ${state}`, everyMs: 50 },
    );
  const opened = await incident('open');
  assert.equal(opened.subject, 'often');
  const { out } = await runCommand(['schedule', 'list'], hub.dataDir);
  assert.match(out, /refused: no-targets/);
  await hub.restart();
  assert.equal((await incident('open')).id, opened.id);
  await hub.add(['env-1']);
  assert.equal((await incident('closed')).id, opened.id);
});
