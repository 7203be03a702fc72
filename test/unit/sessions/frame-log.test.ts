import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameLog, type FrameLogLimits } from '../../../hub/sessions/frames/frame-log.ts';
import { ManualClock } from '../../helpers/clock.ts';

/** The last frames of devices: how many, how much, and of whom. */

/** Beside each frame. */
const headBytes = 16;
const limits: FrameLogLimits = { fleetBytes: 8_000, deviceBytes: 4_000, devices: 16 };

function startLog(given: Partial<FrameLogLimits> = {}) {
  const clock = new ManualClock();
  const log = new FrameLog(clock, { ...limits, ...given });
  const textsOf = (id: string): string[] => [...log.entries(id)].map(({ text }) => text);
  return { clock, log, textsOf };
}

const kept = (log: FrameLog, ids: readonly string[]): number =>
  ids.flatMap((id) => [...log.entries(id)]).reduce((sum, { text }) => sum + text.length + headBytes, 0);

test('both ways and the ends of connections are kept in their order, with their times', () => {
  const { clock, log } = startLog();
  const frames = log.of('d-1');
  frames.connected('10.0.0.1');
  clock.advance(5);
  frames.received('a');
  frames.sent('b');
  frames.closed('hub', 4408, 'link-lost');
  const begun = clock.now() - 5;
  assert.deepEqual(
    [...log.entries('d-1')].map(({ n, timeMs, mark, text }) => [n, timeMs - begun, mark, text]),
    [
      [1, 0, 2, '10.0.0.1'],
      [2, 5, 0, 'a'],
      [3, 5, 1, 'b'],
      [4, 5, 3, 'hub 4408 link-lost'],
    ],
  );
});

test('of a device that goes on sending the last 200 are kept, and they are counted on', () => {
  const { log } = startLog({ fleetBytes: 1_000_000, deviceBytes: 1_000_000 });
  const frames = log.of('d-1');
  for (let n = 1; n <= 1_234; n += 1) frames.received(`frame ${n}`);
  const entries = [...log.entries('d-1')];
  assert.equal(entries.length, 200);
  for (const [at, { n, text }] of entries.entries()) {
    assert.equal(n, 1_035 + at);
    assert.equal(text, `frame ${n}`);
  }
  assert.ok(log.bytes >= kept(log, ['d-1']) && log.bytes <= 2 * kept(log, ['d-1']), `${log.bytes}`);
});

test('a noisy device never pushes out what a silent one said last', () => {
  const { log, textsOf } = startLog();
  const silent = log.of('silent');
  for (let n = 0; n < 10; n += 1) silent.received(`last words ${n}`);
  for (let device = 0; device < 7; device += 1) {
    const noisy = log.of(`noisy-${device}`);
    for (let n = 0; n < 1_000; n += 1) noisy.received('x'.repeat(200));
  }
  assert.ok(log.bytes <= limits.fleetBytes, `${log.bytes}`);
  assert.deepEqual(
    textsOf('silent').slice(-5),
    [5, 6, 7, 8, 9].map((n) => `last words ${n}`),
  );
});

test('a long frame is kept by its beginning, with its whole length, and never half of a character', () => {
  const { log } = startLog({ deviceBytes: 400, fleetBytes: 400 });
  log.of('d-1').received(`${'x'.repeat(99)}😀${'y'.repeat(500)}`);
  const [entry] = [...log.entries('d-1')];
  assert.equal(entry?.text, 'x'.repeat(99));
  assert.equal(entry?.wholeLength, 603);
});

test('a removed device is forgotten, and its session that still ends is no more than an end', () => {
  const { log, textsOf } = startLog();
  const frames = log.of('d-1');
  frames.received('secret of the former owner');
  log.removed('d-1');
  assert.equal(log.bytes, 0);
  assert.equal(log.devices, 0);
  frames.closed('device', 1006, '');
  assert.deepEqual(textsOf('d-1'), ['device 1006']);
});

test('whatever devices come and send, the whole stays within its bound, and the sum is right', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 3_000 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const { log } = startLog();
      const ids = Array.from({ length: 31 }, (_, n) => `d-${n}`);
      for (const [device, length, goes] of steps) {
        const id = ids[device] ?? '';
        if (goes && length < 100) log.removed(id);
        else log.of(id).received('x'.repeat(length));
        assert.ok(log.bytes <= limits.fleetBytes, `${log.bytes}`);
        assert.ok(log.devices <= limits.devices, `${log.devices} devices`);
      }
      assert.ok(kept(log, ids) <= log.bytes);
      for (const id of ids) log.removed(id);
      assert.equal(log.bytes, 0);
    }),
  );
});

test('whatever a device sends in whatever order, its newest frames are read as they were, without a gap', () => {
  const length = fc.integer({ min: 0, max: 60 });
  // A device more halves the share of each when it is the second, the third, the fifth …
  const step = fc.record({ kind: fc.constantFrom('text', 'umlauts', 'bytes', 'another device'), length });
  const many = fc.array(step, { minLength: 100, maxLength: 250 });
  fc.assert(
    fc.property(many, (steps) => {
      const { log } = startLog({ fleetBytes: 8_192, deviceBytes: 2_048 });
      const frames = log.of('d-1');
      const said: string[] = [];
      for (const [at, { kind, length: size }] of steps.entries()) {
        const text = `${at} ${(kind === 'umlauts' ? 'ü' : 'x').repeat(size)}`;
        if (kind === 'another device') {
          if (log.devices < limits.devices) log.of(`other-${log.devices}`);
          continue;
        }
        frames.received(kind === 'bytes' ? Buffer.from(text) : text);
        said.push(text);
        if (at % 10 !== 0) continue;
        const entries = [...log.entries('d-1')];
        assert.ok(entries.length > 0);
        assert.deepEqual(
          entries.map(({ n, text: shown }) => [n, shown]),
          said.map((each, before) => [before + 1, each]).slice(-entries.length),
        );
      }
    }),
    { numRuns: 20 },
  );
});
