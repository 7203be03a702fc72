import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CutConnections } from '../../../hub/incidents/cut-connections.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('cut connections are one alarm for each network and one log line a minute, until none is cut', (t) => {
  const clock = new ManualClock(0);
  const changes: string[] = [];
  const lines: string[] = [];
  const log = createLog({ level: 'warn', destination: { write: (line) => void lines.push(line) } });
  const cuts = new CutConnections({
    clock,
    log,
    limit: 5_000,
    changed: (network, raised) => void changes.push(`${network} ${raised}`),
  });
  cuts.start();
  t.after(() => cuts.close());
  assert.equal(cuts.text, undefined);
  for (let second = 0; second < 120; second += 1) {
    cuts.note('10.0.0.1');
    clock.advance(1_000);
  }
  assert.deepEqual(changes, ['10.0.0.1 true']);
  assert.equal(lines.length, 3);
  assert.match(cuts.text ?? '', /from 10\.0\.0\.1, because the limit of 5000/);
  clock.advance(400_000);
  assert.deepEqual(changes, ['10.0.0.1 true', '10.0.0.1 false']);
  assert.equal(cuts.text, undefined);
});
