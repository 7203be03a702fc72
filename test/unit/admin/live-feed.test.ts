import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandView } from '../../../schemas/api/commands/commands.ts';
import type { DeviceSummary } from '../../../schemas/api/devices.ts';
import { HubSnapshot } from '../../../schemas/api/hub.ts';
import { FrameRow } from '../../../schemas/api/frames/frames.ts';
import type { LiveMessage } from '../../../schemas/api/live.ts';
import { NackRow } from '../../../schemas/api/telemetry/rejects.ts';
import { LiveFeed, type LiveConnection } from '../../../hub/admin/live-feed.ts';
import type { LiveSocket, LiveViewer } from '../../../hub/admin/live-subscriber.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import { exampleOf } from '../../helpers/api-example.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { silentLog } from '../../helpers/silent-log.ts';

type Of<Kind extends LiveMessage['t']> = Extract<LiveMessage, { t: Kind }>;

class Page implements LiveSocket {
  bufferedBytes = 0;
  readonly messages: LiveMessage[] = [];
  closedWith: number | undefined;
  connection: LiveConnection | undefined;

  send(text: string): void {
    this.messages.push(JSON.parse(text) as LiveMessage);
  }

  close(code: number): void {
    this.closedWith = code;
    this.connection?.closed();
  }

  of<Kind extends LiveMessage['t']>(t: Kind): Of<Kind>[] {
    return this.messages.filter((message): message is Of<Kind> => message.t === t);
  }

  watch(...topics: string[]): void {
    this.connection?.message(JSON.stringify({ watch: topics }));
  }
}

const anna = { actor: 'operator:anna', origin: 'http' } as const;

/** A feed over devices `d-0` … whose presence a test changes. */
function startFeed(count = 3) {
  const clock = new ManualClock();
  const presences = new Map<string, Presence>();
  /** Frames that were noted, and who looked at them. */
  const frames = new Map<string, FrameRow[]>();
  const looks: string[] = [];
  for (let n = 0; n < count; n += 1) {
    presences.set(`d-${n}`, { state: 'offline', reason: 'bye', sinceMs: n, epoch: 1, n: 1, marks: {} });
  }
  const presence = (id: string): Presence => {
    const known = presences.get(id);
    assert.ok(known, id);
    return known;
  };
  const row = (id: string): DeviceSummary | undefined => {
    const known = presences.get(id);
    if (known === undefined) return undefined;
    return {
      id,
      type: 'a@1',
      site: 's',
      labels: {},
      presence: known.state,
      sinceMs: known.sinceMs,
      lastDataMs: null,
    };
  };
  const feed = new LiveFeed({
    clock,
    log: silentLog,
    sources: {
      whose: () => 'ours',
      ids: () => presences.keys(),
      presence: (id) => presences.get(id),
      row,
      details(id) {
        const known = row(id);
        return known && { ...known, registeredMs: 0, epoch: 1, lastPongMs: null, lastFrameMs: null };
      },
      counts: (mayShow = () => true) =>
        Promise.resolve({
          byState: {},
          devices: [...presences.keys()].filter(mayShow).length,
          messagesPerSec: 0,
          storedPerSec: 0,
        }),
      hub: () => Promise.resolve(exampleOf(HubSnapshot)),
      frames: {
        looked: (requester, id) => Promise.resolve(void looks.push(`${requester.actor} ${id}`)),
        newest: (id) => frames.get(id)?.length ?? 0,
        since: (id, after) => ({ frames: (frames.get(id) ?? []).slice(after) }),
      },
    },
  });
  /** Opens a page, which watches these. */
  const open = (topics: readonly string[] = ['fleet'], viewer: Partial<LiveViewer> = {}): Page => {
    const page = new Page();
    page.connection = feed.connect({ requester: anna, holds: () => true, ...viewer }, page);
    if (topics.length > 0) page.watch(...topics);
    return page;
  };
  const online = (id: string): void => {
    presences.set(id, { ...presence(id), state: 'online', sinceMs: clock.now() });
    feed.presenceChanged(id, { reason: 'session-opened' });
  };
  return { clock, feed, presences, frames, looks, open, online };
}

const ids = (messages: readonly Of<'fleet'>[]): string[] =>
  messages.flatMap(({ devices }) => devices.map(([id]) => id));

const command = exampleOf(CommandView);

test('changes of one device between two messages are one row, with what is true then', async () => {
  const { clock, open, online, presences, feed } = startFeed();
  const page = open();
  await clock.advanceAsync(250);
  online('d-1');
  presences.set('d-1', { ...(presences.get('d-1') as Presence), state: 'suspect', sinceMs: 77 });
  feed.presenceChanged('d-1', { reason: 'heartbeat-late' });
  feed.reading('d-1', 'env', 1, {});
  await clock.advanceAsync(249);
  assert.deepEqual(page.of('fleet'), []);
  await clock.advanceAsync(1);
  assert.deepEqual(page.of('fleet'), [
    { t: 'fleet', devices: [['d-1', 'suspect', 77, null]], removed: [], added: [] },
  ]);
  await clock.advanceAsync(1_000);
  assert.equal(page.of('fleet').length, 1, 'nothing has changed since');
});

test('a message has at most 2,000 devices, states before data, and the rest follows', async () => {
  const { clock, open, online, feed } = startFeed(5_000);
  const page = open();
  await clock.advanceAsync(250);
  for (let n = 0; n < 4_000; n += 1) feed.reading(`d-${n}`, 'env', 1, {});
  online('d-4999');
  online('d-3');
  await clock.advanceAsync(250);
  const first = ids(page.of('fleet').slice(0, 1));
  assert.equal(first.length, 2_000);
  assert.deepEqual(first.slice(0, 2), ['d-4999', 'd-3']);
  await clock.advanceAsync(500);
  const all = ids(page.of('fleet'));
  assert.equal(all.length, 4_001, 'each once');
  assert.equal(new Set(all).size, 4_001);
});

test('comings, goings and changed labels are told; what is gone has no row', async () => {
  const { clock, open, online, presences, feed } = startFeed();
  const page = open();
  await clock.advanceAsync(250);
  online('d-1');
  presences.delete('d-1');
  feed.removed('d-1');
  feed.changed({ id: 'd-2' });
  await clock.advanceAsync(250);
  assert.deepEqual(
    page.of('fleet').map((message) => ({ ...message, added: message.added.map(({ id }) => id) })),
    [{ t: 'fleet', devices: [], removed: ['d-1'], added: ['d-2'] }],
  );
});

test('a socket that does not read gets no more until it does, and then what is true', async () => {
  const { clock, open, online, feed } = startFeed(100);
  const page = open(['fleet', 'commands']);
  await clock.advanceAsync(250);
  page.bufferedBytes = 1_048_577;
  page.messages.length = 0;
  for (let round = 0; round < 10; round += 1) {
    for (let n = 0; n < 100; n += 1) online(`d-${n}`);
    feed.report('commands', 'd-1/c-1', () => ({ t: 'command', command: { ...command, ts: round } }));
    await clock.advanceAsync(250);
  }
  assert.deepEqual(page.messages, []);
  assert.ok(feed.counters.merged >= 10);
  page.bufferedBytes = 0;
  await clock.advanceAsync(250);
  assert.equal(ids(page.of('fleet')).length, 100, 'each device once');
  assert.deepEqual(page.of('command'), [{ t: 'command', command: { ...command, ts: 9 } }]);
  page.bufferedBytes = 8 * 1_048_576 + 1;
  await clock.advanceAsync(250);
  assert.equal(page.closedWith, 1013);
  assert.equal(feed.counters.closedSlow, 1);
  assert.equal(feed.sockets, 0);
});

test('what waits for a slow socket is bounded', async () => {
  const { clock, open, feed } = startFeed();
  const page = open(['commands']);
  await clock.advanceAsync(250);
  page.bufferedBytes = 2_000_000;
  for (let n = 0; n <= 5_000; n += 1) feed.report('commands', `c-${n}`, () => ({ t: 'command', command }));
  await clock.advanceAsync(250);
  assert.equal(page.closedWith, 1013);
});

test('the newest fifty readings of a watched device come within 100 ms, the others are counted', async () => {
  const { clock, open, feed } = startFeed();
  const page = open(['device:d-1']);
  await clock.advanceAsync(100);
  assert.equal(page.of('device').length, 1, 'what it is now comes first');
  for (let n = 0; n < 60; n += 1) feed.reading('d-1', 'env', n, { v: n });
  feed.reading('d-2', 'env', 1, { v: -1 });
  feed.nacked('d-1', exampleOf(NackRow));
  await clock.advanceAsync(100);
  assert.deepEqual(
    page.of('reading').map(({ timeMs }) => timeMs),
    Array.from({ length: 50 }, (_, n) => n + 10),
  );
  assert.deepEqual(page.of('nack'), [{ t: 'nack', id: 'd-1', ...exampleOf(NackRow) }]);
  assert.equal(feed.counters.skippedReadings, 10);
});

test('details come when they change, not when they do not', async () => {
  const { clock, open, online, feed, presences } = startFeed();
  const page = open(['device:d-1']);
  await clock.advanceAsync(5_000);
  assert.equal(page.of('device').length, 1);
  online('d-1');
  await clock.advanceAsync(100);
  assert.equal(page.of('device').length, 2);
  presences.delete('d-1');
  feed.removed('d-1');
  assert.deepEqual(page.of('gone'), [{ t: 'gone', id: 'd-1' }]);
});

test('a watch replaces the one before', async () => {
  const { clock, open, online, feed } = startFeed();
  const page = open(['fleet', 'device:d-1']);
  assert.equal(feed.active, true);
  await clock.advanceAsync(250);
  page.watch('hub');
  assert.equal(feed.active, false);
  page.messages.length = 0;
  online('d-1');
  await clock.advanceAsync(1_250);
  assert.deepEqual([...new Set(page.messages.map(({ t }) => t))], ['hub']);
});

test('nobody watching costs no timer and keeps nothing', async () => {
  const { clock, open, feed, online } = startFeed();
  assert.equal(clock.pending, 0);
  const page = open();
  assert.ok(clock.pending > 0);
  page.close(1000);
  assert.equal(clock.pending, 0);
  assert.equal(feed.active, false);
  online('d-1');
  const later = open();
  await clock.advanceAsync(250);
  assert.deepEqual(later.of('fleet'), [], 'what was before the watch is on the page already');
});

test('who may see one device is told of that one, also when it goes', async () => {
  const { clock, open, online, feed, presences } = startFeed();
  const page = open(['fleet', 'commands'], { mayShow: (id) => id === 'd-1' && presences.has(id) });
  await clock.advanceAsync(250);
  assert.equal(page.of('counts')[0]?.devices, 1);
  for (const id of ['d-0', 'd-1', 'd-2']) online(id);
  feed.reading('d-2', 'env', 1, {});
  feed.report('commands', 'x', (mayShow) =>
    mayShow?.('d-2') === true ? { t: 'command', command } : undefined,
  );
  await clock.advanceAsync(250);
  assert.deepEqual(ids(page.of('fleet')), ['d-1']);
  assert.deepEqual(page.of('command'), []);
  for (const id of ['d-1', 'd-2']) {
    presences.delete(id);
    feed.removed(id);
  }
  await clock.advanceAsync(250);
  assert.deepEqual(
    page.of('fleet').flatMap(({ removed }) => removed),
    ['d-1'],
  );
});

test('nothing more is told once the login is over', async () => {
  const { clock, open, online, feed } = startFeed();
  let holds = true;
  const page = open(['fleet', 'device:d-1'], { holds: () => holds });
  await clock.advanceAsync(250);
  page.messages.length = 0;
  holds = false;
  online('d-1');
  feed.reading('d-1', 'env', 1, {});
  await clock.advanceAsync(250);
  assert.equal(page.closedWith, 4401);
  assert.deepEqual(page.messages, []);
});

test('more sockets than are allowed are turned away, and counted', () => {
  const { open, feed } = startFeed();
  const pages = Array.from({ length: 201 }, () => open([]));
  assert.deepEqual(
    pages.map(({ closedWith }) => closedWith).filter((code) => code !== undefined),
    [1013],
  );
  assert.equal(feed.counters.refused, 1);
  feed.close();
  assert.equal(pages[0]?.closedWith, 1001);
});

test('one viewer has half of the live sockets at most, and another still gets in', () => {
  const { open } = startFeed();
  const pages = Array.from({ length: 500 }, () =>
    open([], { requester: { actor: 'token:greedy', origin: 'http' } }),
  );
  assert.equal(pages.filter(({ closedWith }) => closedWith === undefined).length, 200);
  assert.equal(open([], { requester: anna }).closedWith, undefined);
});

test('a message about a command is made once for all who may see it, and anew for who may see a part', async () => {
  const { clock, open, feed } = startFeed();
  const all = [open(['commands']), open(['commands']), open(['commands'])];
  const part = open(['commands'], { mayShow: (id) => id === 'd-1' });
  const seenBy: boolean[] = [];
  feed.report('commands', 'x', (mayShow) => {
    seenBy.push(mayShow === undefined);
    return { t: 'command', command };
  });
  await clock.advanceAsync(250);
  assert.deepEqual(seenBy, [true, false]);
  for (const page of [...all, part]) assert.equal(page.of('command').length, 1);
});

test('who watches the frames of a device gets the last ones first, then each new one once', () => {
  const { clock, open, frames, looks } = startFeed();
  const row = exampleOf(FrameRow);
  frames.set('d-1', [
    { ...row, n: 1 },
    { ...row, n: 2 },
  ]);
  const page = open(['frames:d-1']);
  const numbers = (): number[][] => page.of('frames').map((message) => message.frames.map(({ n }) => n));
  clock.advance(100);
  assert.deepEqual(numbers(), [[1, 2]]);
  clock.advance(1_000);
  assert.equal(numbers().length, 1);
  frames.get('d-1')?.push({ ...row, n: 3 });
  page.watch('frames:d-1', 'fleet');
  clock.advance(100);
  assert.deepEqual(numbers(), [[1, 2], [3]]);
  // Whoever begins anew begins with what is kept, and is recorded anew.
  page.watch('fleet');
  page.watch('frames:d-1');
  clock.advance(100);
  assert.deepEqual(numbers(), [[1, 2], [3], [1, 2, 3]]);
  assert.deepEqual(looks, ['operator:anna d-1', 'operator:anna d-1']);
});

test('frames of a device that a viewer may not see are not there for it, and no look is recorded', () => {
  const { clock, open, frames, looks } = startFeed();
  frames.set('d-1', [exampleOf(FrameRow)]);
  const page = open(['frames:d-1', 'frames:d-2'], { mayShow: (id) => id === 'd-2' });
  clock.advance(1_000);
  assert.deepEqual(page.of('frames'), []);
  assert.deepEqual(
    page.of('gone').map(({ id }) => id),
    ['d-1'],
  );
  assert.deepEqual(looks, ['operator:anna d-2']);
});
