import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PasswordJudge, type Judgement } from '../../../hub/operators/password-judge.ts';
import { ManualClock } from '../../helpers/clock.ts';

/** What a hash costs here, ms. */
const hashMs = 100;

/** Accounts whose stored hash is `hash of` their password. */
function startedJudge() {
  const clock = new ManualClock();
  const hashed: string[] = [];
  const judge = new PasswordJudge({
    clock,
    holds(password, stored) {
      hashed.push(password);
      return new Promise((resolve) => {
        clock.after(hashMs, () => resolve(stored === `hash of ${password}`));
      });
    },
  });
  /** What became of an attempt, and after how long. */
  function tries(name: string, password: string, { network = 'n', known = true } = {}) {
    const came = clock.monotonic();
    const attempt: { judgement?: Judgement; tookMs?: number } = {};
    const stored = known ? `hash of right ${name}` : undefined;
    void judge.judge({ name, password, stored, network }).then((judgement) => {
      Object.assign(attempt, { judgement, tookMs: clock.monotonic() - came });
    });
    return attempt;
  }
  return { clock, judge, hashed, tries };
}

test('a right password is hashed once, a wrong one too, and both are known again at once', async () => {
  const { clock, hashed, tries } = startedJudge();
  const first = [
    tries('anna', 'right anna'),
    tries('anna', 'wrong'),
    tries('bob', 'wrong', { known: false }),
  ];
  await clock.advanceAsync(1_000);
  assert.deepEqual(
    first.map(({ judgement }) => judgement),
    ['right', 'wrong', 'wrong'],
  );
  const again = [
    tries('anna', 'right anna'),
    tries('anna', 'wrong'),
    tries('bob', 'wrong', { known: false }),
  ];
  await clock.advanceAsync(0);
  assert.deepEqual(
    again.map(({ judgement, tookMs }) => [judgement, tookMs]),
    [
      ['right', 0],
      ['wrong', 0],
      ['wrong', 0],
    ],
  );
  assert.equal(hashed.length, 3);
});

test('what is known goes with the password it was known of', async () => {
  const { clock, judge, tries } = startedJudge();
  tries('anna', 'right anna');
  await clock.advanceAsync(1_000);
  judge.forget('hash of right anna');
  const again = tries('anna', 'right anna');
  await clock.advanceAsync(1_000);
  assert.equal(again.tookMs, hashMs, 'it is hashed again');
});

const floods: Readonly<Record<string, (n: number) => [string, { network?: string; known?: boolean }]>> = {
  'another address at many names': (n: number) => [`stranger-${n}`, { network: 'x', known: false }],
  'the same address at many names': (n: number) => [`stranger-${n}`, { known: false }],
  'the same address at another account': () => ['bob', {}],
  'some addresses at the same account': (n: number) => ['anna', { network: `x-${n % 7}` }],
};

for (const [from, at] of Object.entries(floods)) {
  test(`a right password waits for a few others at most while one guesses from ${from}`, async () => {
    const { clock, tries } = startedJudge();
    for (let n = 0; n < 200; n += 1) {
      const [name, options] = at(n);
      tries(name, `guess ${n}`, options);
      await clock.advanceAsync(20);
    }
    const own = tries('anna', 'right anna');
    for (let n = 200; n < 600 && own.judgement === undefined; n += 1) {
      const [name, options] = at(n);
      tries(name, `guess ${n}`, options);
      await clock.advanceAsync(20);
    }
    assert.equal(own.judgement, 'right');
    assert.ok((own.tookMs ?? Infinity) <= 16 * 2 * hashMs + hashMs, `${own.tookMs} ms`);
  });
}

test('a flood is hashed half of the time at most, one at a time, and the rest of it is told so', async () => {
  const { clock, judge, hashed, tries } = startedJudge();
  const attempts = [];
  for (let n = 0; n < 1_000; n += 1) {
    attempts.push(tries('anna', `guess ${n}`));
    await clock.advanceAsync(10);
  }
  await clock.advanceAsync(60_000);
  assert.ok(hashed.length <= 10_000 / (2 * hashMs) + 17, `${hashed.length} hashes`);
  const unjudged = attempts.filter(({ judgement }) => judgement === 'unjudged').length;
  assert.equal(unjudged, 1_000 - hashed.length);
  assert.equal(judge.counters.unjudged, unjudged);
});
