import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetStatus } from '../../../schemas/command-status.ts';
import { defaultWave, tally } from '../../../schemas/command-tally.ts';
import {
  addReport,
  stepsOf,
  type StatusReport,
} from '../../../dashboards/console/src/commands/command-steps.ts';
import { againAtDevice, readAgain } from '../../../dashboards/console/src/commands/send-again.ts';
import {
  differences,
  failuresFirst,
  planWords,
  wavesOf,
} from '../../../dashboards/console/src/commands/waves.ts';

const reports = (...statuses: string[]): StatusReport[] =>
  statuses.map((status, index) => ({ status, timeMs: index }));
const shape = (...statuses: string[]): string =>
  stepsOf(reports(...statuses))
    .map(({ name, state }) => `${name}:${state}`)
    .join(' ');

const ways: [statuses: string[], shape: string][] = [
  [['accepted'], 'accepted:now sent:open received:open running:open ended:open'],
  [['accepted', 'queued'], 'accepted:now sent:open received:open running:open ended:open'],
  [['accepted', 'sent', 'received'], 'accepted:done sent:done received:now running:open ended:open'],
  [['accepted', 'succeeded'], 'accepted:done sent:done received:done running:skipped ended:done'],
  [
    ['accepted', 'sent', 'running', 'failed'],
    'accepted:done sent:done received:done running:done ended:done',
  ],
  [['accepted', 'rejected'], 'accepted:done sent:skipped received:skipped running:skipped ended:done'],
  [['sent', 'received', 'uncertain'], 'accepted:done sent:now received:done running:open ended:open'],
  [['sent', 'uncertain', 'lost'], 'accepted:done sent:done received:skipped running:skipped ended:done'],
];
for (const [statuses, expected] of ways) {
  test(`The steps of ${statuses.join(', ')}`, () => assert.equal(shape(...statuses), expected));
}

test('A status that is reports twice, or late, is not another step', () => {
  const first = addReport([], { status: 'sent', timeMs: 5 });
  assert.equal(addReport(first, { status: 'sent', timeMs: 5 }), first);
  assert.equal(addReport(first, { status: 'accepted', timeMs: 4 }), first);
  assert.equal(addReport(first, { status: 'received', timeMs: 5 }).length, 2);
});

test('Waves count as the hub counts its targets', () => {
  const statuses: TargetStatus[] = [
    'succeeded',
    'failed',
    'uncertain',
    'queued',
    'waiting',
    'skipped',
    'lost',
    'running',
    'accepted',
  ];
  const targets = statuses.map((status, index) => ({ device: `d-${index}`, status }));
  const waves = wavesOf(targets, 4);
  assert.deepEqual(
    waves.map(({ number, targets: own }) => [number, own.length]),
    [
      [1, 4],
      [2, 4],
      [3, 1],
    ],
  );
  const total = { targets: targets.length, succeeded: 0, failed: 0, open: 0, waiting: 0, skipped: 0 };
  for (const { succeeded, failed, open, waiting, skipped } of waves) {
    total.succeeded += succeeded;
    total.failed += failed;
    total.open += open;
    total.waiting += waiting;
    total.skipped += skipped;
  }
  assert.deepEqual(total, tally(targets));
});

test('a plan names the waves and when it stops', () => {
  assert.equal(planWords(1, 1, 0), '1 device, in one wave. Stops at the first failure.');
  assert.match(
    planWords(25, defaultWave(25), 1),
    /^25 devices, in 9 waves of 3\. .* Stops after more than 1 failure\.$/,
  );
});

test('Devices that came or went since the preview are named', () => {
  assert.deepEqual(differences(['a', 'b'], ['b', 'c']), { added: ['c'], gone: ['a'] });
});

test('Of a wave, devices where it failed come first, then those under way', () => {
  const statuses: TargetStatus[] = ['succeeded', 'sent', 'failed', 'succeeded', 'uncertain', 'waiting'];
  const targets = statuses.map((status, at) => ({ device: `d-${at}`, status }));
  assert.deepEqual(
    failuresFirst(targets).map(({ device }) => device),
    ['d-2', 'd-4', 'd-1', 'd-5', 'd-0', 'd-3'],
  );
});

test('A command that is to be sent again stands in the address, whatever its params', () => {
  const sent = { name: 'set', params: { text: '&=?#%', list: [1] } };
  const { pathname, searchParams } = new URL(againAtDevice('a@b', sent), 'http://hub');
  assert.equal(pathname, '/devices/a%40b');
  assert.deepEqual(readAgain(searchParams), sent);
  assert.deepEqual(readAgain(new URLSearchParams('send=x&params={')), { name: 'x', params: {} });
  assert.equal(readAgain(new URLSearchParams('send=')), undefined);
});
