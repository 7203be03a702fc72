import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allChecks } from '../../../device-sim/check/all-checks.ts';
import { outcomeLine, reportJunit, summary } from '../../../device-sim/check/check-report.ts';
import type { Outcome } from '../../../device-sim/check/run-checks.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';

const folder = new URL('../../../schemas/device-types', import.meta.url).pathname;
const type = (await loadDeviceTypes(folder)).get('env-sensor@1');
assert.ok(type);

const check = { id: 'data/seq', title: 'counts', run: () => Promise.resolve() };
const passed: Outcome = { check, verdict: 'passed', tookMs: 1_250, log: [] };
const failed: Outcome = {
  check: { ...check, id: 'data/window' },
  verdict: 'failed',
  reason: 'it sends "a<b" & \u0007 more',
  tookMs: 10,
  log: ['0.1 → {"type":"bye"}'],
};

test('a report for build servers escapes what devices send, and leaves out what XML forbids', () => {
  assert.equal(
    reportJunit([passed, failed], type),
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="hub.v1.json env-sensor@1" tests="2" failures="1" skipped="0">
  <testcase classname="data" name="seq: counts" time="1.25"/>
  <testcase classname="data" name="window: counts" time="0.01"><failure message="it sends &quot;a&lt;b&quot; &amp; \uFFFD more">0.1 → {&quot;type&quot;:&quot;bye&quot;}</failure></testcase>
</testsuite>
`,
  );
});

test('the last line counts, and can stand in the README of a firmware', () => {
  assert.equal(summary([passed], type), 'hub.v1.json, env-sensor@1: 1 of 1 checks passed, 0 skipped');
  const both = 'hub.v1.json, env-sensor@1: 1 of 2 checks passed, 0 skipped, 1 failed';
  assert.equal(summary([passed, failed], type), both);
  assert.match(outcomeLine(failed), /✖ data\/window .*\n {4}it sends/);
});

test('no two checks have one id, and each id has a group', () => {
  const ids = allChecks.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[a-z]+\/[a-z0-9-]+$/);
});
