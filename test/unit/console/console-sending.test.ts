import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newCommandKey } from '../../../dashboards/console/src/forms/command-key.ts';
import { durationWords } from '../../../dashboards/console/src/forms/duration-words.ts';
import { advance, startSending, type SendingEvent } from '../../../dashboards/console/src/forms/sending.ts';
import { readTimeToLive, writeTimeToLive } from '../../../dashboards/console/src/forms/time-to-live.ts';

const fault = { path: '/seconds', keyword: 'required', expected: 'present', got: 'nothing' };
const run = (events: SendingEvent[]) => events.reduce(advance, startSending('k-1'));

test('A form with faults is not sent, and shows them', () => {
  assert.deepEqual(run([{ kind: 'submitted', faults: [fault], confirm: true }]), {
    kind: 'editing',
    key: 'k-1',
    faults: [fault],
  });
});

test('What moves something is sent only after it was confirmed', () => {
  const submitted: SendingEvent = { kind: 'submitted', faults: [], confirm: true };
  assert.equal(run([submitted]).kind, 'confirming');
  assert.equal(run([submitted, { kind: 'back' }]).kind, 'editing');
  assert.equal(run([submitted, { kind: 'confirmed' }]).kind, 'sending');
  assert.equal(run([{ kind: 'submitted', faults: [], confirm: false }]).kind, 'sending');
});

test('Without an answer it can only be asked again under the same key, or left behind for another', () => {
  const unclear: SendingEvent[] = [
    { kind: 'submitted', faults: [], confirm: false },
    { kind: 'unanswered', message: 'no connection' },
  ];
  assert.deepEqual(run([...unclear, { kind: 'again' }]), { kind: 'sending', key: 'k-1' });
  assert.deepEqual(run([...unclear, { kind: 'submitted', faults: [], confirm: false }]), run(unclear));
  assert.deepEqual(run([...unclear, { kind: 'anew', key: 'k-2' }]), startSending('k-2'));
});

const events: fc.Arbitrary<SendingEvent> = fc.oneof(
  fc.record({
    kind: fc.constant('submitted' as const),
    faults: fc.constantFrom([], [fault]),
    confirm: fc.constant(true),
  }),
  fc.constantFrom<SendingEvent>(
    { kind: 'checked' },
    { kind: 'confirmed' },
    { kind: 'back' },
    { kind: 'answered' },
    { kind: 'again' },
    { kind: 'refused', message: 'no', faults: [] },
    { kind: 'unanswered', message: 'no' },
    { kind: 'anew', key: 'another' },
  ),
);

test('Whatever happens, nothing is sent under a key that went out, but the same once more', () => {
  fc.assert(
    fc.property(fc.array(events, { maxLength: 40 }), (given) => {
      let now = startSending('k-0');
      let keys = 0;
      /** Keys under which something may have reached the hub. */
      const out = new Set<string>();
      for (const event of given) {
        const next = advance(now, event.kind === 'anew' ? { kind: 'anew', key: `k-${++keys}` } : event);
        if (next.kind === 'sending' && now.kind !== 'sending') {
          assert.ok(!out.has(next.key) || now.kind === 'unclear', `${now.kind} sends ${next.key} again`);
          assert.ok(now.kind === 'confirming' || now.kind === 'unclear');
        }
        if (next.kind === 'sent' || next.kind === 'unclear') out.add(next.key);
        now = next;
      }
    }),
  );
});

test('Keys obey the grammar of ids and differ', () => {
  let seed = 0;
  const keys = [1, 2].map(() => newCommandKey(1_700_000_000_000, (bytes) => bytes.fill(seed++)));
  for (const key of keys) assert.match(key, /^[A-Za-z0-9_-]{1,64}$/);
  assert.notEqual(keys[0], keys[1]);
});

for (const [text, sec] of [
  ['30', 30],
  ['30 s', 30],
  ['5min', 300],
  ['1.5 h', 5_400],
  ['30 d', 2_592_000],
] as const) {
  test(`A time to live of "${text}" is ${sec} s`, () => {
    assert.deepEqual(readTimeToLive(text), { kind: 'ok', sec });
  });
}

for (const text of ['', '0', '-1', '31 d', '5 years', '1e3']) {
  test(`"${text}" is no time to live`, () => assert.equal(readTimeToLive(text).kind, 'fault'));
}

test('A time to live is written as it is read', () => {
  assert.equal(writeTimeToLive(86_400), '1 d');
  assert.equal(writeTimeToLive(90), '90 s');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_592_000 }), (sec) => {
      assert.deepEqual(readTimeToLive(writeTimeToLive(sec)), { kind: 'ok', sec });
    }),
  );
});

test('Times are reports in their two greatest units', () => {
  assert.deepEqual([0, 0.2, 61, 3_600, 90_061].map(durationWords), [
    '0 seconds',
    '1 second',
    '1 minute 1 second',
    '1 hour',
    '1 day 1 hour',
  ]);
});
