import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenHub } from '../../../hub/cluster/hub-start.ts';
import { Tenure, type Beat, type TenureStore } from '../../../hub/cluster/tenure.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { turn } from '../../helpers/hubs/session-fixture.ts';
import { silentLog } from '../../helpers/silent-log.ts';

/** A state that answers, or does not, as the test says. */
class FakeState implements TenureStore {
  mode: 'answers' | 'refuses' | 'is-away' | 'is-silent' = 'answers';
  beats = 0;
  hubs: SeenHub[] = [];
  /** Those of the others that live. */
  readonly living = new Set<string>();
  readonly dead: string[] = [];
  left = false;

  beat(): Promise<Beat> {
    this.beats += 1;
    this.hubs = this.hubs.map((hub) => (this.living.has(hub.id) ? { ...hub, beat: hub.beat + 1 } : hub));
    if (this.mode === 'is-silent') return new Promise(() => undefined);
    if (this.mode === 'is-away') return Promise.reject(new HubError('database-failed', 'away'));
    return Promise.resolve({ mine: this.mode === 'answers', hubs: this.hubs });
  }

  declareDead({ id, incarnation }: SeenHub): Promise<boolean> {
    this.dead.push(`${id}/${incarnation}`);
    this.hubs = this.hubs.map((hub) =>
      hub.id === id && hub.incarnation === incarnation ? { ...hub, state: 'dead' } : hub,
    );
    return Promise.resolve(true);
  }

  leave(): Promise<void> {
    this.left = true;
    return Promise.resolve();
  }
}

const me = { id: 'me', incarnation: 4 };
const seen = (id: string, incarnation = 3): SeenHub => ({
  id,
  incarnation,
  beat: 7,
  state: 'up',
  version: '',
});

function startTenure() {
  const clock = new ManualClock();
  const state = new FakeState();
  const lost: HubError[] = [];
  const tenure = new Tenure({
    clock,
    log: silentLog,
    store: state,
    me,
    lost: (error) => void lost.push(error),
  });
  /** Second by second, as the beats come. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      clock.advance(Math.min(left, 500));
      await turn();
    }
  };
  const begin = () => tenure.begin((ms) => Promise.resolve(clock.advance(ms)));
  return { clock, state, lost, tenure, pass, begin };
}

test('a hub holds while its beats are answered, whatever time passes', async () => {
  const { tenure, pass, state } = startTenure();
  tenure.start();
  await pass(60_000);
  assert.equal(state.beats, 60);
  assert.deepEqual([tenure.holds(), tenure.fault], [true, undefined]);
});

test('it holds for four and a half seconds after the last beat that was answered was sent, and again once one is', async () => {
  const { tenure, pass, state } = startTenure();
  tenure.start();
  await pass(10_000);
  state.mode = 'is-away';
  await pass(4_000);
  assert.equal(tenure.holds(), true);
  await pass(500);
  assert.equal(tenure.holds(), false);
  assert.match(tenure.fault ?? '', /no answer for 5 s.*away/);
  state.mode = 'answers';
  await pass(1_000);
  assert.deepEqual([tenure.holds(), tenure.fault], [true, undefined]);
});

test('a beat that gets no answer is not joined by others, and does not renew the tenure', async () => {
  const { tenure, pass, state } = startTenure();
  tenure.start();
  state.mode = 'is-silent';
  await pass(10_000);
  assert.deepEqual([state.beats, tenure.holds()], [1, false]);
});

test('a hub that was declared dead says so once, and never holds again', async () => {
  const { tenure, pass, state, lost } = startTenure();
  tenure.start();
  state.mode = 'refuses';
  await pass(5_000);
  assert.deepEqual([lost.length, lost[0]?.details['reason'], tenure.holds()], [1, 'declared-dead', false]);
  state.mode = 'answers';
  await pass(5_000);
  assert.equal(tenure.holds(), false);
});

test('a hub whose id another process has does not begin, and says what to do', async () => {
  const { state, begin } = startTenure();
  state.hubs = [seen('me')];
  state.living.add('me');
  await assert.rejects(begin(), /another process is the hub me: two data folders have the same hub.id/);
  assert.deepEqual([state.dead, state.left], [[], true]);
});

test('an earlier start of a hub that has ended without a goodbye is declared dead when its beat has not moved', async () => {
  const { state, begin, tenure } = startTenure();
  state.hubs = [seen('me'), seen('other')];
  state.living.add('other');
  await begin();
  assert.deepEqual([state.dead, tenure.holds(), tenure.knows('other')], [['me/3'], true, true]);
  await tenure.close();
  assert.equal(state.left, true);
});

test('another hub that does not beat for five seconds is declared dead', async () => {
  const { state, tenure, pass } = startTenure();
  state.hubs = [seen('other'), seen('third')];
  state.living.add('third');
  tenure.start();
  await pass(5_500);
  assert.deepEqual(state.dead, []);
  await pass(1_000);
  assert.deepEqual(state.dead, ['other/3']);
});

test('who cannot look does not count the silence of others', async () => {
  const { state, tenure, pass } = startTenure();
  state.hubs = [seen('other')];
  tenure.start();
  await pass(3_000);
  state.mode = 'is-away';
  await pass(60_000);
  state.mode = 'answers';
  await pass(1_000);
  assert.deepEqual(state.dead, [], 'one look adds two seconds at most');
  await pass(2_000);
  assert.deepEqual(state.dead, ['other/3']);
});
