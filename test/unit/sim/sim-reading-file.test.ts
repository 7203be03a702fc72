import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Outbox, type OutboxItem } from '../../../device-sim/client/outbox.ts';
import { readingFile } from '../../../device-sim/client/reading-file.ts';
import { temporaryFolder } from '../../helpers/services/guard.ts';

const limits = { frameBytes: 65_536, samples: 500, inFlight: 64, messagesPerSec: 1_000 };

function folder(t: TestContext): string {
  const made = temporaryFolder('readings');
  t.after(() => made.remove());
  return made.path;
}

const reading = (up: number): OutboxItem => ({
  what: { kind: 'reading', stream: 'env' },
  time: { up },
  data: { temperature: up },
  backfill: false,
  boot: undefined,
  settle: () => undefined,
});

test('readings that were not settled are sent after a reboot, with the boot of their uptime', (t) => {
  const path = folder(t);
  const first = new Outbox(10, 'b-1', readingFile(path, 'd-1'));
  for (const up of [1, 2, 3]) first.add(reading(up));
  first.take(1, { ...limits, samples: 1 });
  first.ack(1);
  first.close();
  const second = new Outbox(10, 'b-2', readingFile(path, 'd-1'));
  second.add(reading(0.5));
  const frames = [second.take(1, limits), second.take(2, limits)];
  assert.deepEqual(
    frames.map((frame) => frame?.boot),
    ['b-1', undefined],
  );
  assert.deepEqual(
    frames.map((frame) => (frame?.type === 'telemetry' ? frame.samples?.map(({ up }) => up) : undefined)),
    [[2, 3], undefined],
  );
  second.close();
});

test('the boots of kept readings are named until the hub knows them', (t) => {
  const path = folder(t);
  const first = readingFile(path, 'd-1');
  const outbox = new Outbox(10, 'b-1', first);
  outbox.add(reading(1_000));
  outbox.add(reading(2_000));
  assert.deepEqual(first.unknownBoots(), [{ boot: 'b-1', up: 2_000 }]);
  outbox.close();
  const second = readingFile(path, 'd-1');
  assert.deepEqual(second.unknownBoots(), [{ boot: 'b-1', up: 2_000 }]);
  second.bootsKnown('b-2');
  second.close();
  const third = readingFile(path, 'd-1');
  assert.deepEqual(third.unknownBoots(), []);
  assert.equal(third.readings().length, 2);
  third.close();
});

test('half a line, as a power cut leaves it, costs that line only', (t) => {
  const path = folder(t);
  const outbox = new Outbox(10, 'b-1', readingFile(path, 'd-1'));
  outbox.add(reading(1));
  outbox.close();
  appendFileSync(join(path, 'd-1.readings.jsonl'), '{"keep":{"order":2,"wha');
  const store = readingFile(path, 'd-1');
  assert.deepEqual(
    store.readings().map(({ order }) => order),
    [1],
  );
  store.close();
});

test('the file does not grow with what is settled', (t) => {
  const path = folder(t);
  const outbox = new Outbox(10, 'b-1', readingFile(path, 'd-1'));
  for (let seq = 1; seq <= 2_500; seq += 1) {
    outbox.add(reading(seq));
    outbox.take(seq, limits);
    outbox.ack(seq);
  }
  outbox.close();
  const lines = readFileSync(join(path, 'd-1.readings.jsonl'), 'utf8').split('\n').length;
  assert.ok(lines < 1_100, `${lines} lines`);
});
