import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCredentials } from '../../../device-sim/device/credentials.ts';
import { statusText, wayOut } from '../../../device-sim/demo/demo-texts.ts';
import { parseMetrics, Rates } from '../../../device-sim/verify/hub-numbers.ts';
import { startStatusLine } from '../../../device-sim/cli/status-line.ts';
import { ManualClock } from '../../helpers/clock.ts';

test('the samples of a Prometheus page are read with their labels', () => {
  const page =
    '# HELP a x\n# TYPE a counter\na 3\nb{status="failed",x="1"} 4.5\n\nc_total 1e3 1700000000000\n';
  assert.deepEqual(
    [...parseMetrics(page)],
    [
      ['a', 3],
      ['b{status="failed",x="1"}', 4.5],
      ['c_total', 1000],
    ],
  );
});

test('rates are over the last seconds, totals as they stand', () => {
  const rates = new Rates();
  assert.match(statusText(25, rates), /waiting/);
  const at = (seconds: number): void =>
    rates.add(seconds * 1000, {
      online: 24,
      frames: seconds ** 2,
      stored: 1000 + seconds * 3,
      commands: { succeeded: 2, failed: 0 },
    });
  for (let second = 0; second <= 20; second += 1) at(second);
  assert.equal(rates.perSec('stored'), 3);
  // (20² − 15²) / 5
  assert.equal(
    statusText(25, rates),
    'devices online 24/25 · 35.0 messages/s · stored 3.0/s, 1,060 in total · commands 2 (2 succeeded)',
  );
});

test('credentials are read line by line, and a bad line is named without its content', () => {
  assert.deepEqual(parseCredentials('{"id":"a","secret":"s"}\n\n{"id":"b","secret":"t","x":1}\n'), [
    { id: 'a', secret: 's' },
    { id: 'b', secret: 't' },
  ]);
  assert.throws(
    () => parseCredentials('{"id":"a","secret":"s"}\n{"id":"a b","secret":"hush"}'),
    (error: Error) => {
      return (
        error instanceof SyntaxError && error.message.includes('line 2') && !error.message.includes('hush')
      );
    },
  );
});

test('a taken address comes with the way out', () => {
  assert.match(
    wayOut('device-hub: the address is in use: 127.0.0.1:8443'),
    /npm run demo -- --port-base \d+/,
  );
  assert.equal(wayOut('something else'), '');
});

test('a status is redrawn in place on a terminal and a plain line now and then elsewhere', () => {
  const clock = new ManualClock();
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const plain = startStatusLine({ write }, () => 'a\nb', { clock, plainEveryMs: 5000 });
  clock.advance(10_000);
  plain.close();
  clock.advance(10_000);
  assert.deepEqual(written.splice(0), ['a · b\n', 'a · b\n']);
  const terminal = startStatusLine({ write, isTTY: true, columns: 4 }, () => 'abcdef\ng', {
    clock,
    plainEveryMs: 5000,
  });
  clock.advance(250);
  terminal.say('news');
  terminal.close();
  assert.equal(written.join(''), 'abc\ng\x1b[1A\r\x1b[Jnews\nabc\ng\x1b[1A\r\x1b[J');
});
