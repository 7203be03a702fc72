import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataFolder, runCommand as run } from '../../helpers/cli.ts';

/** A value given twice: which one is meant cannot be known, so nothing is sent. */

test('a parameter, a label or a name in JSON that is given twice is refused, at every option', async (t) => {
  const dataDir = dataFolder(t);
  await run(['device', 'add', 'v-1', '--type', 'smart-valve@1'], dataDir);
  const send = ['command', 'send', 'v-1', 'set-position'];
  const schedule = [
    'schedule',
    'add',
    's',
    '--at',
    '2030-01-01T00:00:00Z',
    '--time-zone',
    'UTC',
    '--to',
    'v-1',
  ];
  const cases: [string[], RegExp][] = [
    [[...send, '--params', '{"percent":10,"percent":90}'], /\/percent must be given once; it is given twice/],
    [[...send, '--param', 'percent=10', '--param', 'percent=90'], /percent is given twice/],
    [[...send, '--params', '{"percent":10}', '--param', 'percent=90'], /percent is given twice/],
    [[...send, '--param', 'x={"a":1,"a":2}'], /\/a must be given once; it is given twice/],
    [
      [...schedule, '--command', 'set-position', '--params', '{"percent":1,"percent":2}'],
      /\/percent must be/,
    ],
    [[...schedule, '--notice', 'n', '--data', '{"a":1,"a":2}'], /\/a must be given once/],
    [['device', 'push', '--to', 'v-1', '--topic', 'n', '--data', '{"a":1,"a":2}'], /\/a must be given once/],
    [['device', 'label', 'v-1', 'floor=1', 'floor=2'], /floor is given twice/],
    [['device', 'label', 'v-1', 'floor=1', 'floor-'], /floor is given twice/],
    [
      ['enrolment', 'create', '--type', 'smart-valve@1', '--label', 'a=1', '--label', 'a=2'],
      /a is given twice/,
    ],
  ];
  for (const [args, words] of cases) {
    const { code, err, out } = await run(args, dataDir);
    assert.notEqual(code, 0, args.join(' '));
    assert.match(err, words);
    assert.equal(out, '');
  }
});

test('files are judged likewise; a byte order mark at their start is taken', async (t) => {
  const dataDir = dataFolder(t);
  const file = join(dataDir, 'hub.json');
  const check = async (text: string): Promise<{ code: number; err: string }> => {
    await writeFile(file, text);
    return run(['--config', file, 'print-config'], dataDir);
  };
  assert.equal((await check('\ufeff{"inFlight":32}')).code, 0);
  assert.match(
    (await check('{"inFlight":32,"inFlight":64}')).err,
    /\/inFlight must be given once; it is given twice/,
  );
  assert.match((await check('{"inFlight":32}\0')).err, /nothing after it; it is followed by U\+0000/);
});
