import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicsOf } from '../../../hub/bus/topics.ts';
import { presencePayload } from '../../../hub/presence/presence-payload.ts';
import { presenceTap } from '../../../hub/presence/presence-tap.ts';
import type { Presence } from '../../../schemas/api/presence.ts';
import { first, startKeeper } from '../../helpers/hubs/presence-fixture.ts';
import { startMs } from '../../helpers/start-time.ts';

const topics = topicsOf('hub/v1');
const other = { hubId: 'hub-2', incarnation: '7' };

test('a late word of a hub that had the device is answered with what is true now, and a newer one is taken', (t) => {
  const { keeper, link } = startKeeper(t);
  const repeated: (readonly [string, Presence])[] = [];
  const tap = presenceTap({
    topics,
    keeper,
    announcer: { repeat: (states) => void repeated.push(...states) },
  });
  const heard = (epoch: number, n: number): void => {
    const presence: Presence = { ...keeper.get('d1'), sinceMs: startMs, epoch, n };
    tap.take(topics.presence('d1'), presencePayload(presence, other));
  };
  const session = link();
  keeper.opened('d1', session, { ...first, epoch: 10 });
  const { epoch, n } = keeper.get('d1');
  heard(9, n + 4);
  heard(epoch, n - 1);
  assert.deepEqual(
    repeated.map(([device, presence]) => [device, presence.state, presence.epoch, presence.n]),
    [
      ['d1', 'online', epoch, n],
      ['d1', 'online', epoch, n],
    ],
  );
  heard(epoch, n);
  heard(epoch, n + 1);
  assert.equal(repeated.length, 2, 'neither an equal word nor one of this session');
  assert.ok(keeper.isOurs('d1'));
  heard(11, 1);
  assert.deepEqual([keeper.isOurs('d1'), keeper.get('d1').epoch], [false, 11]);
  heard(9, 1);
  assert.equal(repeated.length, 2, 'what is said of a device that another hub has is for that one to mend');
});
