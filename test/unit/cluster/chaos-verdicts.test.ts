import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandFaults, type CommandLog } from '../../helpers/drills/command-verdict.ts';
import { judgeHubs, type HubFaults, type HubLog } from '../../helpers/drills/hubs/hub-verdict.ts';
import { compareReadings, valueAt, type ReadingLog } from '../../helpers/drills/readings-verdict.ts';

/** The judges of what befalls hubs: each is silent about what is right, and finds what is wrong. */

const owner = { hub: 'a', inc: 1 };
const loss = { id: 'i-1', kind: 'correlated-loss', scope: 'site=lab', sinceMs: 60_000 };
const clean: HubLog = {
  sent: ['d-1/c-1', 'd-1/c-2', 'd-2/c-1'],
  welcomes: [
    { device: 'd-1', epoch: 1 },
    { device: 'd-2', epoch: 4 },
    { device: 'd-1', epoch: 2 },
  ],
  absences: [
    { device: 'd-1', fromMs: 1_000, toMs: 9_000 },
    { device: 'd-2', fromMs: 50_000, toMs: Infinity },
    { device: 'x-1', fromMs: 20_000, toMs: Infinity },
    { device: 'x-2', fromMs: 30_000, toMs: 31_000 },
    { device: 'x-2', fromMs: 41_900, toMs: Infinity },
  ],
  changes: [
    { device: 'd-1', state: 'online', epoch: 1, n: 1, sinceMs: 100 },
    { device: 'd-1', state: 'offline', epoch: 1, n: 2, sinceMs: 8_500 },
    { device: 'd-1', state: 'online', epoch: 2, n: 1, sinceMs: 9_000 },
    { device: 'd-1', state: 'online', epoch: 2, n: 1, sinceMs: 9_000 },
    { device: 'x-1', state: 'offline', epoch: 1, n: 3, sinceMs: 28_000 },
    { device: 'x-2', state: 'offline', epoch: 2, n: 2, sinceMs: 41_900 },
  ],
  retained: [
    { device: 'd-1', state: 'online', epoch: 2, n: 1 },
    { device: 'd-2', state: 'online', epoch: 4, n: 1 },
    { device: 'x-1', state: 'offline', epoch: 1, n: 3 },
  ],
  rows: [
    { device: 'd-1', state: 'online', epoch: 2, n: 1, ...owner },
    { device: 'd-2', state: 'online', epoch: 4, n: 1, hub: 'b', inc: 7 },
    { device: 'x-1', state: 'offline', epoch: 1, n: 3, hub: null, inc: null },
  ],
  openCommands: [{ device: 'd-1', id: 'c-9', ...owner }],
  living: [owner, { hub: 'b', inc: 7 }],
  frames: ['d-1/c-1', 'd-1/c-2', 'd-2/c-1', 'd-2/c-2'],
  writes: [
    { hub: 'a', kind: 'sent', what: 'a command', silentMs: 4_400 },
    { hub: 'b', kind: 'published', what: 'hub/v1/status/d-1/c-1/sent', silentMs: 20 },
  ],
  gone: [
    { device: 'x-1', why: 'dead', atMs: 20_000, byMs: 30_000 },
    { device: 'x-2', why: 'revoked', atMs: 41_000, byMs: 43_000 },
    { device: 'x-3', why: 'dead', atMs: 90_000, byMs: 100_001 },
  ],
  incidents: [
    { ...loss, state: 'open' },
    { ...loss, state: 'open' },
    { ...loss, state: 'closed', untilMs: 66_000 },
    { ...loss, state: 'closed', untilMs: 66_000 },
    { id: 'i-2', kind: 'flapping', scope: '', state: 'open', sinceMs: 61_000 },
  ],
  siteCuts: [{ site: 'lab', fromMs: 50_000, toMs: 65_000 }],
  schedules: [
    { name: 'do-1', outcomes: ['sent'] },
    { name: 'tell-1', outcomes: ['unreached'] },
  ],
  notices: ['d-1/tell-1', 'd-2/tell-1', 'd-1/tell-2'],
  groups: [
    {
      id: 'g-1',
      final: true,
      targets: [
        { device: 'd-1', status: 'failed' },
        { device: 'd-2', status: 'expired' },
      ],
      reports: ['{"succeeded":0}', '{"succeeded":0}'],
    },
  ],
  results: new Map([['d-1/g-1', 'failed']]),
  readMs: 100_000,
};

test('the judges of hubs find nothing in what is right', () => {
  for (const found of Object.values(judgeHubs(clean))) assert.deepEqual(found, []);
});

const offline = (device: string, sinceMs: number): Partial<HubLog> => ({
  changes: [...clean.changes, { device, state: 'offline', epoch: 9, n: 2, sinceMs }],
});
const [first, second, third] = clean.rows;
const [, , dead] = clean.retained;
const [group] = clean.groups;
assert.ok(first !== undefined && second !== undefined && third !== undefined && dead !== undefined);
assert.ok(group !== undefined);
const published = clean.writes.slice(1);
const opened = { ...loss, state: 'open' };
const closed = { ...loss, state: 'closed', untilMs: 66_000 };

test('an incident that an earlier loss has opened may go on when the site is cut off', () => {
  const incidents = [opened, closed].map((each) => ({ ...each, sinceMs: 45_000 }));
  assert.deepEqual(judgeHubs({ ...clean, incidents }).incidents, []);
});

/** As of the clean log, but for when one that is gone was called offline; not given: never. */
const calledOffline = (gone: string, offlineMs?: number): Partial<HubLog> => ({
  changes: clean.changes.flatMap((change) => {
    if (change.device !== gone) return [change];
    return offlineMs === undefined ? [] : [{ ...change, sinceMs: offlineMs }];
  }),
});

/** What is planted, and in which words it is found. */
const planted: Readonly<Record<keyof HubFaults, readonly (readonly [Partial<HubLog>, string])[]>> = {
  sentTwice: [
    [{ sent: [...clean.sent, 'd-1/c-2', 'd-1/c-2'] }, 'd-1/c-2'],
    [{ frames: [...clean.frames, 'd-2/c-2'] }, 'd-2/c-2'],
  ],
  epochsBack: [
    [{ welcomes: [...clean.welcomes, { device: 'd-1', epoch: 2 }] }, 'd-1: 2 after 2'],
    [{ welcomes: [...clean.welcomes, { device: 'd-2', epoch: 3 }] }, 'd-2: 3 after 4'],
  ],
  falselyOffline: [
    [offline('d-1', 7_900), 'd-1 offline at 7900'],
    [offline('d-1', 9_501), 'd-1 offline at 9501'],
    [offline('d-2', 8_500), 'd-2 offline at 8500'],
    [offline('d-3', 8_500), 'd-3 offline at 8500'],
    [offline('x-2', 40_999), 'x-2 offline at 40999'],
    [offline('x-1', 26_999), 'x-1 offline at 26999'],
  ],
  conflicting: [
    [
      { changes: [...clean.changes, { device: 'd-1', state: 'unknown', epoch: 2, n: 1, sinceMs: 9_100 }] },
      'd-1 2 1: online and unknown',
    ],
  ],
  untruePresence: [
    [{ retained: clean.retained.toSpliced(1, 1) }, 'd-2 4 1 online, retained nothing'],
    [
      {
        rows: [first, second, { ...third, state: 'online' }],
        retained: [...clean.retained.slice(0, 2), { ...dead, state: 'online' }],
      },
      'x-1 1 3 online, retained x-1 1 3 online',
    ],
    [
      { retained: [{ device: 'd-1', state: 'unknown', epoch: 2, n: 1 }, ...clean.retained.slice(1)] },
      'd-1 2 1 online, retained d-1 2 1 unknown',
    ],
    [
      {
        rows: [{ ...first, state: 'suspect' }, second, third],
        retained: [{ device: 'd-1', state: 'suspect', epoch: 2, n: 1 }, ...clean.retained.slice(1)],
      },
      'd-1 2 1 suspect, retained d-1 2 1 suspect',
    ],
  ],
  orphans: [
    [{ rows: [first, { ...second, inc: 6 }, third] }, 'd-2 of b 6'],
    [{ openCommands: [{ device: 'd-1', id: 'c-9', hub: 'b', inc: 7 }] }, 'd-1/c-9 of b 7'],
    [{ openCommands: [{ device: 'd-1', id: 'c-9', hub: null, inc: null }] }, 'd-1/c-9 of null null'],
  ],
  fencedWrites: [
    [{ writes: published }, 'nothing was seen that hubs have sent'],
    [{ writes: clean.writes.slice(0, 1) }, 'nothing was seen that hubs have published'],
    [
      { writes: [...published, { hub: 'a', kind: 'sent', what: 'a command', silentMs: 5_501 }] },
      'a sent a command after 5501 ms',
    ],
    [
      {
        writes: [
          ...clean.writes,
          { hub: 'b', kind: 'published', what: 'hub/v1/presence/d-1', silentMs: 7_000 },
        ],
      },
      'b published hub/v1/presence/d-1 after 7000 ms',
    ],
  ],
  lateOffline: [
    [calledOffline('x-1'), 'x-1, dead since 20000'],
    [calledOffline('x-1', 30_001), 'x-1, dead since 20000'],
    [{ readMs: 100_001 }, 'x-3, dead since 90000'],
  ],
  admitted: [
    [{ absences: clean.absences.slice(0, 4) }, 'x-2 after 43000: still there'],
    [
      { absences: [...clean.absences.slice(0, 4), { device: 'x-2', fromMs: 43_001, toMs: Infinity }] },
      'x-2 after 43000: until 43001',
    ],
    [
      { absences: [...clean.absences.slice(0, 4), { device: 'x-2', fromMs: 41_500, toMs: 70_000 }] },
      'x-2 after 43000: still there',
    ],
  ],
  incidents: [
    [{ incidents: [] }, 'of the cut of lab: none'],
    [{ incidents: [opened] }, 'i-1 of site=lab has 0 ends'],
    [{ incidents: [opened, closed, { ...closed, untilMs: 67_000 }] }, 'i-1 of site=lab has 2 ends'],
    [
      { incidents: [opened, closed, { ...opened, id: 'j-1' }, { ...closed, id: 'j-1' }] },
      'of the cut of lab: site=lab, site=lab',
    ],
    [
      { incidents: [opened, closed].map((each) => ({ ...each, scope: 'address=::1' })) },
      'of the cut of lab: address=::1',
    ],
    [
      { incidents: [opened, closed].map((each) => ({ ...each, sinceMs: 70_001 })) },
      'of the cut of lab: none',
    ],
    [{ incidents: [opened, { ...closed, untilMs: 64_999 }] }, 'of the cut of lab: none'],
  ],
  schedules: [
    [{ schedules: [{ name: 'do-1', outcomes: [] }] }, 'do-1: never'],
    [{ schedules: [{ name: 'do-1', outcomes: ['sending'] }] }, 'do-1: sending'],
    [{ schedules: [{ name: 'do-1', outcomes: ['sent', 'sent'] }] }, 'do-1: sent, sent'],
    [{ notices: [...clean.notices, 'd-2/tell-1'] }, 'd-2/tell-1'],
  ],
  reports: [
    [{ groups: [{ ...group, final: false }] }, 'g-1 has not ended'],
    [{ groups: [{ ...group, reports: [] }] }, 'g-1 has the reports []'],
    [
      { groups: [{ ...group, reports: ['{"succeeded":0}', '{"succeeded":1}'] }] },
      'g-1 has the reports [{"succeeded":0}, {"succeeded":1}]',
    ],
    [{ groups: [{ ...group, targets: [...group.targets, ...group.targets.slice(1)] }] }, 'd-2/g-1'],
    [
      { groups: [{ ...group, targets: [{ device: 'd-1', status: 'succeeded' }] }] },
      'd-1/g-1: succeeded, the device failed',
    ],
    [
      { groups: [{ ...group, targets: [{ device: 'd-2', status: 'succeeded' }] }] },
      'd-2/g-1: succeeded, the device nothing',
    ],
  ],
};

for (const [name, cases] of Object.entries(planted)) {
  test(`the judge of hubs finds what is planted, and no other does: ${name}`, () => {
    for (const [fault, words] of cases) {
      const found = Object.entries(judgeHubs({ ...clean, ...fault })).filter(([, { length }]) => length > 0);
      assert.deepEqual(found, [[name, [words]]]);
    }
  });
}

const readings: ReadingLog = {
  device: 'd-1',
  sent: [1_001, 1_002, 1_003],
  acked: [1_001, 1_002],
  stored: new Map([1_001, 1_002, 1_003].map((ts) => [ts, valueAt(ts)])),
};

test('an acked reading that is not stored, one that was never sent and one with another value are found', () => {
  const right = { sent: 3, acked: 2, inStore: 3, missing: [], strange: [] };
  assert.deepEqual(compareReadings([readings]), right);
  const stored = new Map<number, unknown>([
    [1_001, 99],
    [1_003, valueAt(1_003)],
    [1_004, valueAt(1_004)],
  ]);
  const { missing, strange } = compareReadings([readings, { ...readings, device: 'd-2', stored }]);
  assert.deepEqual([missing, strange], [['d-2 1002'], ['d-2 1001 99', `d-2 1004 ${valueAt(1_004)}`]]);
});

const commands: CommandLog = {
  requested: new Set(['d-1/c-1', 'd-1/c-2', 'd-1/c-3']),
  promised: new Set(['d-1/c-1', 'd-1/c-2']),
  executions: [{ device: 'd-1', id: 'c-1', hubTimeMs: 5, deadlineMs: 5, params: {} }],
  results: new Map([['d-1/c-1', 'failed']]),
  journal: new Map([
    ['d-1/c-1', { status: 'failed', final: true }],
    ['d-1/c-2', { status: 'expired', final: true, reason: 'deadline' }],
  ]),
};
const [execution] = commands.executions;
assert.ok(execution !== undefined);

/** What is planted, and in which words it is found. */
const plantedCommands: readonly (readonly [Partial<CommandLog>, string])[] = [
  [{ promised: new Set(['d-1/c-3']) }, 'd-1/c-3 is promised and not in the journal'],
  [{ executions: [execution, execution] }, 'd-1/c-1 was run more than once'],
  [{ executions: [execution, { ...execution, device: 'd-2' }] }, 'd-2/c-1 was not asked of this device'],
  [{ executions: [{ ...execution, hubTimeMs: 7 }] }, 'd-1/c-1 was begun 2 ms too late'],
  [{ executions: [{ ...execution, hubTimeMs: Number.NaN }] }, 'd-1/c-1 was begun NaN ms too late'],
  [
    { journal: new Map([['d-1/c-1', { status: 'failed', final: false }]]), promised: new Set() },
    'd-1/c-1 has not ended: failed',
  ],
  [{ results: new Map([['d-1/c-1', 'succeeded']]) }, 'd-1/c-1: the hub says failed (), the device succeeded'],
  [{ executions: [] }, 'd-1/c-1: the hub says failed (), the device failed'],
  [
    { executions: [execution, { ...execution, id: 'c-2' }] },
    'd-1/c-2: the hub says expired (deadline), the device nothing',
  ],
];

test('a command that was promised and lost, done twice, late, elsewhere, or ended otherwise than the device says is found', () => {
  assert.deepEqual(commandFaults(commands), []);
  for (const [fault, words] of plantedCommands)
    assert.deepEqual(commandFaults({ ...commands, ...fault }), [words]);
});
