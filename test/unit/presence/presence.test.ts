import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Presence } from '../../../schemas/api/presence.ts';
import { neverSeen, stepPresence, type PresenceEvent } from '../../../hub/presence/presence.ts';

/** The presence after all events, 1 ms apart. */
function after(...events: PresenceEvent[]): Presence {
  let presence = neverSeen(0);
  for (const [index, event] of events.entries())
    presence = stepPresence(presence, event, index + 1) ?? presence;
  return presence;
}

const opened = (epoch: number, replaced = false): PresenceEvent => ({ kind: 'opened', epoch, replaced });
const silent = (linkAlive: boolean): PresenceEvent => ({ kind: 'silent', linkAlive });

/** Every row of the diagram: what happened, and the state and reason it ends in. */
const rows: [name: string, events: PresenceEvent[], state: string, reason: string][] = [
  ['a first session is online', [opened(1)], 'online', 'session-opened'],
  ['a takeover is one change', [opened(1), opened(2, true)], 'online', 'session-replaced'],
  [
    'a close without bye is suspect',
    [opened(1), { kind: 'closed', by: 'link' }],
    'suspect',
    'connection-broke',
  ],
  ['suspect comes back', [opened(1), { kind: 'closed', by: 'link' }, opened(2)], 'online', 'session-opened'],
  [
    'suspect goes offline',
    [opened(1), { kind: 'closed', by: 'link' }, { kind: 'stayed-away', by: 'link' }],
    'offline',
    'connection-broke',
  ],
  [
    'a device that closes without bye is offline',
    [opened(1), { kind: 'closed', by: 'device' }, { kind: 'stayed-away', by: 'device' }],
    'offline',
    'closed-without-bye',
  ],
  ['pongs without frames', [opened(1), silent(true)], 'offline', 'no-heartbeat'],
  ['neither frames nor pongs', [opened(1), silent(false)], 'offline', 'link-lost'],
  ['a frame after no-heartbeat', [opened(1), silent(true), { kind: 'heard' }], 'online', 'resumed'],
  ['bye is offline', [opened(1), { kind: 'bye' }], 'offline', 'bye'],
  [
    'a close after bye changes nothing',
    [opened(1), { kind: 'bye' }, { kind: 'closed', by: 'link' }],
    'offline',
    'bye',
  ],
  ['bye with sleepSec', [opened(1), { kind: 'bye', sleepSec: 60 }], 'sleeping', 'bye'],
  ['slept too long', [opened(1), { kind: 'bye', sleepSec: 60 }, silent(false)], 'overdue', 'slept-too-long'],
  [
    'overdue comes back',
    [opened(1), { kind: 'bye', sleepSec: 9 }, silent(false), opened(2)],
    'online',
    'session-opened',
  ],
  [
    'not seen since restart',
    [opened(1), { kind: 'not-seen-since-restart' }],
    'offline',
    'not-seen-since-restart',
  ],
  [
    'an old epoch opens nothing',
    [opened(5), { kind: 'closed', by: 'link' }, opened(5)],
    'suspect',
    'connection-broke',
  ],
  ['a late heartbeat is suspect', [opened(1), { kind: 'late' }], 'suspect', 'heartbeat-late'],
  ['a late heartbeat that came', [opened(1), { kind: 'late' }, { kind: 'heard' }], 'online', 'resumed'],
  ['the hub goes away', [opened(1), { kind: 'draining', slotMs: 9 }], 'migrating', 'hub-draining'],
  ['the hub is back', [opened(1), { kind: 'hub-restarted' }], 'unknown', 'hub-restarted'],
  [
    'a sleeper does not mind a restart',
    [opened(1), { kind: 'bye', sleepSec: 9 }, { kind: 'hub-restarted' }],
    'sleeping',
    'bye',
  ],
  [
    'a device sent away that does not come back',
    [opened(1), { kind: 'draining', slotMs: 9 }, { kind: 'not-seen-since-restart' }],
    'offline',
    'not-seen-since-restart',
  ],
  [
    'an offline device is not awaited',
    [opened(1), silent(true), { kind: 'hub-restarted' }],
    'offline',
    'no-heartbeat',
  ],
  ['disabled', [opened(1), { kind: 'disabled' }], 'disabled', 'disabled'],
  ['enabled', [{ kind: 'disabled' }, { kind: 'enabled' }], 'offline', 'enabled'],
  ['silence of one never seen', [silent(false)], 'never-seen', 'registered'],
];

for (const [name, events, state, reason] of rows) {
  test(`${name}: ${state}, ${reason}`, () => {
    const presence = after(...events);
    assert.deepEqual([presence.state, presence.reason], [state, reason]);
  });
}

test('a sleeping device tells until when', () => {
  assert.equal(after(opened(1), { kind: 'bye', sleepSec: 60 }).untilMs, 2 + 60_000);
  assert.equal(after(opened(1), { kind: 'bye', sleepSec: 60 }, opened(2)).untilMs, undefined);
});

test('in any order of events (epoch, n) rises with every change, and equal states never follow one another', () => {
  const events = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('opened' as const),
        epoch: fc.integer({ min: 1, max: 20 }),
        replaced: fc.boolean(),
      }),
      fc.constantFrom<PresenceEvent>(
        { kind: 'heard' },
        { kind: 'closed', by: 'link' },
        { kind: 'bye' },
        { kind: 'bye', sleepSec: 5 },
        silent(true),
        silent(false),
        { kind: 'not-seen-since-restart' },
        { kind: 'late' },
        { kind: 'draining', slotMs: 7 },
        { kind: 'hub-restarted' },
        { kind: 'disabled' },
        { kind: 'enabled' },
      ),
    ),
  );
  fc.assert(
    fc.property(events, (run) => {
      let before = neverSeen(0);
      for (const [index, event] of run.entries()) {
        const next = stepPresence(before, event, index + 1);
        if (next === undefined) continue;
        assert.ok(next.epoch > before.epoch || (next.epoch === before.epoch && next.n === before.n + 1));
        assert.ok(next.state !== before.state || event.kind === 'opened');
        assert.equal(next.sinceMs, index + 1);
        assert.equal(next.untilMs !== undefined, ['sleeping', 'migrating'].includes(next.state));
        before = next;
      }
    }),
  );
});
