import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from '../../../hub/kernel/metrics.ts';

test('a scrape reads the counts as they are at that moment', async () => {
  const metrics = new Metrics();
  let frames = 0;
  let online = 5;
  metrics.counter('hub_frames_total', 'Frames', () => frames);
  metrics.gauge('hub_online', 'Devices online', () => online);
  const first = await metrics.page();
  assert.match(first.contentType, /^text\/plain/);
  assert.match(first.body, /^hub_frames_total 0$/m);
  frames = 12;
  online = 3;
  const { body } = await metrics.page();
  assert.match(body, /^# TYPE hub_frames_total counter$/m);
  assert.match(body, /^hub_frames_total 12$/m);
  assert.match(body, /^hub_online 3$/m);
});

test('a count by label has one line per value, and a value that is gone is gone', async () => {
  const metrics = new Metrics();
  let byCode: Record<string, number> = { schema: 2, rate: 1 };
  metrics.gauge('hub_nacks', 'Nacks by code', () => byCode, 'code');
  assert.match((await metrics.page()).body, /^hub_nacks\{code="schema"\} 2\nhub_nacks\{code="rate"\} 1$/m);
  byCode = { rate: 4 };
  const { body } = await metrics.page();
  assert.match(body, /^hub_nacks\{code="rate"\} 4$/m);
  assert.doesNotMatch(body, /schema/);
});

test('a histogram and the measures of the process are on the page', async () => {
  const metrics = new Metrics({ processMetrics: true });
  metrics.histogram('hub_write_seconds', 'Writes', [0.1, 1]).observe(0.5);
  const { body } = await metrics.page();
  assert.match(body, /^hub_write_seconds_bucket\{le="1"\} 1$/m);
  assert.match(body, /^process_cpu_seconds_total /m);
});

test('two hubs in one process keep their counts apart', async () => {
  const [one, two] = [new Metrics(), new Metrics()];
  one.counter('hub_frames_total', 'Frames', () => 1);
  two.counter('hub_frames_total', 'Frames', () => 2);
  assert.match((await one.page()).body, /^hub_frames_total 1$/m);
  assert.match((await two.page()).body, /^hub_frames_total 2$/m);
});
