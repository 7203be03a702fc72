import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { described, fuzz } from '../../helpers/fuzz/fuzz.ts';

/** The first round is the same each time; what the next ones try is new. */
const seed = 20_261_129;

test('whatever comes to the doors for devices, operators and MQTT clients, the hub answers as it says and serves the others', async (t) => {
  const { runs, answers, findings } = await fuzz({ seed, forMs: 20_000, say: (text) => t.diagnostic(text) });
  assert.deepEqual(findings, [], findings.map(described).join('\n'));
  for (const [door, count] of Object.entries(runs))
    assert.ok(count >= 20, `${door} was tried ${count} times`);
  // Whoever only meets the first check at a door tries nothing of what is behind it.
  const got = (door: string, pattern: RegExp): number =>
    [...(answers.get(door)?.keys() ?? [])].filter((answer) => pattern.test(answer)).length;
  assert.ok(got('frames', /^json, open: heartbeat$/) > 0, 'sessions outlive what is sent in them');
  assert.ok(got('frames', /^cbor, open: heartbeat$/) > 0, 'in CBOR too');
  assert.ok(got('operations', / 20\d$/) >= 25, 'operations are performed');
  assert.ok(got('operations', / 40[0-9]$/) >= 25, 'and refused');
  assert.ok(got('bytes', / [24]/) > 3, 'requests are read');
  assert.ok(got('mqtt', /packets 2 .*13$/) > 3, 'connections outlive what is sent over them');
});

const unguardedBrokerHub = fileURLToPath(
  new URL('../../helpers/hubs/unguarded-broker-hub.ts', import.meta.url),
);

test('the fuzzing finds a broker without its packet guard', async () => {
  const { findings } = await fuzz({ seed, forMs: 20_000, firstAt: 'mqtt', entry: unguardedBrokerHub });
  const faults = findings.map(({ fault }) => fault).join('\n');
  assert.match(faults, /^the broker went on after a packet that MQTT does not allow/);
});

const failingNoticesHub = fileURLToPath(
  new URL('../../helpers/hubs/failing-notices-hub.ts', import.meta.url),
);

test('the fuzzing finds a fault behind every check of a request, and what it prints finds it again', async () => {
  const options = { forMs: 60_000, firstAt: 'operations', entry: failingNoticesHub };
  const [finding] = (await fuzz(options)).findings;
  assert.match(finding?.fault ?? '', /pushNotice answered 500 /);
  assert.ok(finding?.alone === true, 'the input alone has the fault');
  const { door, seed: ofFinding, path } = finding;
  const repeated = await fuzz({ ...options, again: { door, seed: ofFinding, path } });
  assert.deepEqual(
    repeated.findings.map(({ fault }) => fault),
    [finding.fault],
  );
});
