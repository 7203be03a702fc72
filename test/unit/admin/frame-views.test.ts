import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameViews } from '../../../hub/admin/frame-views.ts';
import type { AuditEvent } from '../../../hub/audit/audit.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import type { DeviceRecord } from '../../../hub/registry/device-store.ts';
import { FrameLog } from '../../../hub/sessions/frames/frame-log.ts';
import { ManualClock } from '../../helpers/clock.ts';

/** The frames of a device as people read them. */

const anna = { actor: 'operator:anna', origin: 'http' } as const;

function startViews() {
  const clock = new ManualClock();
  const frames = new FrameLog(clock);
  const recorded: string[] = [];
  const views = new FrameViews({
    clock,
    frames,
    registry: {
      require(id) {
        if (id !== 'd-1') throw new HubError('device-unknown');
        return { id } as DeviceRecord;
      },
    },
    audit: {
      record({ actor, action, subject }: AuditEvent) {
        recorded.push(`${actor} ${action} ${subject}`);
        return Promise.resolve();
      },
    },
  });
  return { clock, frames, views, recorded, device: frames.of('d-1') };
}

const nack = (more: object): string =>
  JSON.stringify({ type: 'nack', code: 'schema', retry: false, ...more });

test('a nack stands beside the frame it refuses, in this session and no earlier one', () => {
  const { device, views } = startViews();
  device.connected('10.0.0.1');
  device.received('{"type":"telemetry","seq":1}');
  device.closed('link', 1006, '');
  device.connected('10.0.0.1');
  device.received('{"type":"telemetry","seq":1}');
  device.received('{"type":"telemetry","seq":2}');
  const errors = [{ path: '/temperature', keyword: 'maximum', expected: '<= 125', got: '900' }];
  device.sent(nack({ seq: 1, errors, rejectedSamples: [0, 3] }));
  const { frames } = views.since('d-1', 0);
  assert.deepEqual(
    frames.map(({ nacks }) => nacks?.length ?? 0),
    [0, 0, 0, 0, 1, 0, 0],
  );
  const refused = frames[4];
  assert.deepEqual(refused?.nacks?.[0], {
    code: 'schema',
    retry: false,
    message: '/temperature must be <= 125; it is 900',
    samples: 2,
  });
  assert.equal(frames[6]?.answers, refused?.n);
});

test('a nack that names nothing stands beside the last frame, and one of a report beside its id', () => {
  const { device, views } = startViews();
  device.received('{"type":"reported","id":"r-1"}');
  device.received('{{{');
  device.sent(nack({}));
  device.sent(nack({ re: 'r-1' }));
  device.sent(nack({ seq: 77 }));
  const { frames } = views.since('d-1', 0);
  assert.deepEqual(
    frames.map(({ type, nacks, answers }) => [type, nacks?.length, answers]),
    [
      ['reported', 1, undefined],
      [undefined, 1, undefined],
      ['nack', undefined, 2],
      ['nack', undefined, 1],
      ['nack', undefined, undefined],
    ],
  );
});

test('sizes are bytes of the wire, and whoever closed is said', () => {
  const { device, views } = startViews();
  device.received('{"note":"é"}');
  device.closed('hub', 4408, 'no-heartbeat');
  device.closed('device', 1000, '');
  const { frames } = views.since('d-1', 0);
  assert.deepEqual(
    frames.map(({ bytes, kind, way, text }) => [bytes, kind, way, text]),
    [
      [13, 'frame', 'in', '{"note":"é"}'],
      [0, 'closed', 'out', 'hub 4408 no-heartbeat'],
      [0, 'closed', 'in', 'device 1000'],
    ],
  );
});

test('reading on gives what is newer, and says how much of it is no longer kept', () => {
  const { device, views } = startViews();
  for (let n = 1; n <= 10; n += 1) device.received(`{"n":${n}}`);
  assert.deepEqual(
    views.since('d-1', 8).frames.map(({ n }) => n),
    [9, 10],
  );
  for (let n = 11; n <= 260; n += 1) device.received(`{"n":${n}}`);
  const page = views.since('d-1', 10);
  assert.equal(page.frames.length, 200);
  assert.equal(page.missed, 50);
  assert.equal(views.since('d-1', 260).frames.length, 0);
  // Numbered anew since: a cursor of before means nothing.
  assert.equal(views.since('d-1', 9_999).frames.length, 200);
});

test('who looks is recorded, once in ten minutes for each device', async () => {
  const { clock, views, recorded } = startViews();
  const query = { device: 'd-1', after: 0, limit: 200 };
  await views.list(query, anna);
  await views.list(query, anna);
  await views.list(query, { ...anna, actor: 'operator:bob' });
  assert.deepEqual(recorded, ['operator:anna device.tap d-1', 'operator:bob device.tap d-1']);
  clock.advance(600_000);
  await views.list(query, anna);
  assert.equal(recorded.length, 3);
  await assert.rejects(views.list({ ...query, device: 'd-9' }, anna), { code: 'device-unknown' });
  assert.equal(recorded.length, 3);
});
