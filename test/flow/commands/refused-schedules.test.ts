import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident } from '../../../schemas/api/incidents.ts';
import type { ScheduleView } from '../../../schemas/api/commands/schedules.ts';
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

test('a scheduled command that no device got, or that no device type has, says so', async (t) => {
  const hub = await startInProcessHub(t);
  const add = (...args: string[]) => runCommand(['schedule', 'add', ...args, ...everySecond], hub.dataDir);
  const mistyped = await add('mistyped', '--to', 'type=env-sensr', '--command', 'identfy');
  assert.equal(mistyped.code, 1);
  assert.match(
    mistyped.err,
    /no device matches type=env-sensr now, and no device type has the command identfy/,
  );
  const params = await add('params', '--to', 'floor=9', '--command', 'identify', '--param', 'colour=red');
  assert.match(params.err, /no device type takes identify with these params: \/colour must be/);
  const neverComes = ['--to', 'all', '--notice', 'news', '--cron', '0 0 30 2 *', '--time-zone', 'UTC'];
  const never = await runCommand(['schedule', 'add', 'never', ...neverComes], hub.dataDir);
  assert.match(never.err, /a time that comes: no such day is in these months/);

  await hub.add(['env-1']);
  await add('command', '--to', 'all', '--command', 'identify');
  await add('notice', '--to', 'all', '--notice', 'news');
  const outcomes = async (): Promise<string> => {
    const { out } = await runCommand(['schedule', 'list', '--json'], hub.dataDir);
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.stringify((JSON.parse(line) as ScheduleView).lastOutcome))
      .join(' ');
  };
  const unreached =
    '{"kind":"unreached","reason":"1 rejected (offline)"} {"kind":"unreached","reason":"1 offline"}';
  await waitFor(async () => (await outcomes()) === unreached, {
    what: 'both reached nobody',
    timeoutMs: 10_000,
  });
});
