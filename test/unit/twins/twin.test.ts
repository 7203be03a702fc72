import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileDeviceType } from '../../../schemas/index.ts';
import { mergePatch, wholePatch, type JsonObject } from '../../../schemas/twin/merge-patch.ts';
import { differing } from '../../../schemas/twin/twin-leaves.ts';
import type { TwinType } from '../../../schemas/twin/twin-type.ts';
import {
  changeDesired,
  fitToType,
  newTwin,
  stateOf,
  takeHello,
  takeReport,
  verdictOf,
  type TwinStep,
  type Twin,
} from '../../../hub/twins/twin.ts';

const scalar = { type: 'integer', minimum: 0, maximum: 9 } as const;
const settings = {
  type: 'object',
  properties: {
    a: scalar,
    b: scalar,
    deep: { type: 'object', properties: { c: scalar }, additionalProperties: false },
  },
  additionalProperties: false,
} as const;

function typeOf(desired: object = settings, reported: object = settings): TwinType {
  const definition = {
    name: 'meter',
    version: 1,
    presence: { heartbeatSec: 30 },
    twin: { desired, reported },
  };
  const { twin } = compileDeviceType(definition, 'meter@1.json');
  assert.ok(twin);
  return twin;
}

const type = typeOf();

function after(twin: Twin, step: TwinStep): Twin {
  return step.kind === 'changed' ? step.twin : twin;
}

test('a merge patch does what the examples of RFC 7396 say', () => {
  const cases: [JsonObject, JsonObject, JsonObject][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, expected] of cases) assert.deepEqual(mergePatch(target, patch), expected);
  const own = JSON.parse('{"__proto__":{"x":1}}') as JsonObject;
  const merged = mergePatch({}, own);
  assert.deepEqual([Object.keys(merged), Object.getPrototypeOf(merged)], [['__proto__'], Object.prototype]);
});

test('a whole patch makes its state of anything that holds no more than what is known', () => {
  const plain = { noNullPrototype: true };
  const leaf = fc.integer({ min: 0, max: 2 });
  const inner = fc.dictionary(fc.constantFrom('a', 'b', 'c'), leaf, plain);
  const state = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(leaf, inner), plain);
  fc.assert(
    fc.property(state, state, (held, wanted) => {
      const known = mergePatch(held, wanted);
      assert.deepEqual(mergePatch(held, wholePatch(known, wanted)), wanted);
    }),
  );
});

test('a twin is in sync when the newest revision is dealt with and every desired value is reported', () => {
  const set = after(newTwin, changeDesired(newTwin, { a: 1, deep: { c: 2 } }, type, 10));
  assert.deepEqual([verdictOf(newTwin), verdictOf(set), set.rev], ['in-sync', 'open', 1]);
  assert.deepEqual(
    (['away', 'connected', 'too-small'] as const).map((link) => stateOf('open', link)),
    ['waiting', 'pending', 'refused'],
  );
  const early = after(set, takeReport(set, { patch: { a: 1, deep: { c: 2 } } }, type, 20));
  assert.equal(verdictOf(early), 'open', 'the same values by chance');
  const dealt = after(early, takeReport(early, { patch: {}, desiredRev: 1 }, type, 30));
  assert.deepEqual([verdictOf(dealt), dealt.verdictMs], ['in-sync', 30]);
  const drifted = after(dealt, takeReport(dealt, { patch: { a: 2 } }, type, 40));
  assert.deepEqual([verdictOf(drifted), differing(drifted.desired, drifted.reported)], ['refused', ['/a']]);
  const failed = after(
    dealt,
    takeReport(dealt, { patch: {}, desiredRev: 1, errors: [{ path: '/a', message: 'stuck' }] }, type, 50),
  );
  assert.equal(verdictOf(failed), 'refused');
});

test('a patch that breaks the schema, or makes too much of it, changes nothing and names the place', () => {
  const step = changeDesired(newTwin, { deep: { c: 10 } }, type, 1);
  assert.ok(step.kind === 'invalid');
  assert.deepEqual([step.error.path, step.error.keyword], ['/deep/c', 'maximum']);
  const text = {
    type: 'object',
    properties: { t: { type: 'array', maxItems: 500, items: { type: 'string', maxLength: 64 } } },
    additionalProperties: false,
  };
  const wide = typeOf(text, text);
  const long = changeDesired(newTwin, { t: Array.from({ length: 300 }, () => 'x'.repeat(60)) }, wide, 1);
  assert.ok(long.kind === 'invalid');
  assert.match(long.error.expected, /16384 bytes/);
});

test('a change that makes no difference makes no revision', () => {
  const set = after(newTwin, changeDesired(newTwin, { a: 1 }, type, 1));
  assert.equal(changeDesired(set, { a: 1, b: null }, type, 2).kind, 'unchanged');
});

test('a device that holds another revision is to be brought to the newest again; one that holds none has forgotten all', () => {
  const set = after(newTwin, changeDesired(newTwin, { a: 1 }, type, 1));
  const synced = after(set, takeReport(set, { patch: { a: 1, b: 3 }, desiredRev: 1 }, type, 2));
  assert.equal(takeHello(synced, 1, 3).kind, 'unchanged');
  const older = after(synced, takeHello({ ...synced, rev: 2, dealtRev: 2 }, 1, 3));
  assert.deepEqual([older.dealtRev, older.reported], [0, { a: 1, b: 3 }]);
  const reset = after(synced, takeHello(synced, undefined, 3));
  assert.deepEqual([verdictOf(reset), reset.reported, reset.reportedMs], ['open', {}, undefined]);
});

test('a twin is in sync since the first report, not since 1970, when nothing was ever desired', () => {
  const reporting = after(newTwin, takeReport(newTwin, { patch: { a: 1 } }, type, 5));
  assert.deepEqual([verdictOf(reporting), reporting.verdictMs], ['in-sync', 5]);
  const again = after(reporting, takeReport(reporting, { patch: { a: 2 } }, type, 6));
  assert.equal(again.verdictMs, 5);
  const held = after(newTwin, takeHello(newTwin, 50, 7));
  const dealt = after(held, takeReport(held, { patch: {}, desiredRev: held.rev }, type, 8));
  assert.deepEqual([dealt.rev, dealt.changedMs, dealt.verdictMs], [51, 7, 8]);
});

test('a revision that this hub never gave out is passed, so that no number means two states', () => {
  const set = after(newTwin, changeDesired(newTwin, { a: 1 }, type, 1));
  const beyond = after(set, takeHello(set, 7, 2));
  assert.deepEqual([beyond.rev, beyond.desired, verdictOf(beyond)], [8, { a: 1 }, 'open']);
  assert.equal(beyond.changedMs, 2);
  const farthest = takeHello(set, Number.MAX_SAFE_INTEGER, 2);
  assert.equal(after(set, farthest).rev, 1);
});

test('what a new version of the type does not take leaves both states, and makes a revision where it was desired', () => {
  const narrow = {
    type: 'object',
    properties: {
      a: { ...scalar, maximum: 4 },
      deep: { type: 'object', properties: {}, additionalProperties: false },
    },
    additionalProperties: false,
  };
  const set = after(newTwin, changeDesired(newTwin, { a: 5, b: 1, deep: { c: 2 } }, type, 1));
  const step = fitToType(set, typeOf(narrow, narrow), 2);
  assert.ok(step.kind === 'changed');
  assert.deepEqual([step.twin.desired, step.twin.rev], [{ deep: {} }, 2]);
  assert.deepEqual(step.dropped?.toSorted(), ['/a', '/b', '/deep/c']);
  assert.equal(fitToType(step.twin, typeOf(narrow, narrow), 3).kind, 'unchanged');
});

/** A device as the protocol page tells it to be: it holds what it was sent, and says what holds. */
interface Device {
  heldRev: number | undefined;
  state: JsonObject;
  connected: boolean;
  /** Frames on their way, both lost with the connection. */
  toDevice: { rev: number; state: JsonObject }[];
  toHub: { patch: JsonObject; desiredRev?: number }[];
  owes: boolean;
}

/** Twin and device, and what may happen to them in any order. */
class Play {
  twin: Twin = newTwin;
  sentRev = 0;
  nowMs = 0;
  device: Device = { heldRev: undefined, state: {}, connected: false, toDevice: [], toHub: [], owes: false };
  /** The last state that an operator was told to be on disk. */
  accepted: JsonObject = {};

  set(patch: JsonObject): void {
    this.twin = after(this.twin, changeDesired(this.twin, patch, type, (this.nowMs += 1)));
    this.accepted = mergePatch(this.accepted, patch);
    this.deliver();
  }

  connect(): void {
    const { device } = this;
    if (device.connected) this.disconnect();
    device.connected = true;
    this.twin = after(this.twin, takeHello(this.twin, device.heldRev, (this.nowMs += 1)));
    this.sentRev = device.heldRev ?? 0;
    device.owes = true;
    this.deliver();
    this.report();
  }

  disconnect(): void {
    Object.assign(this.device, { connected: false, toDevice: [], toHub: [] });
  }

  /** A hub that restarts knows what is on disk: the twin. */
  restart(): void {
    this.disconnect();
  }

  /** Factory settings, or another device in its place. */
  reset(): void {
    this.disconnect();
    Object.assign(this.device, { heldRev: undefined, state: {}, owes: false });
  }

  deliver(): void {
    const { device, twin } = this;
    if (!device.connected || twin.rev === this.sentRev) return;
    device.toDevice.push({ rev: twin.rev, state: twin.desired });
    this.sentRev = twin.rev;
  }

  deviceReads(): void {
    const { device } = this;
    const frame = device.toDevice.shift();
    if (frame === undefined) return;
    device.heldRev = frame.rev;
    device.state = frame.state;
    device.owes = true;
    this.report();
  }

  report(): void {
    const { device } = this;
    if (!device.connected || !device.owes) return;
    const gone = Object.fromEntries(['a', 'b', 'deep'].map((name) => [name, null]));
    const patch = { ...gone, ...device.state };
    device.toHub.push({ patch, ...(device.heldRev === undefined ? {} : { desiredRev: device.heldRev }) });
  }

  hubReads(): void {
    const frame = this.device.toHub.shift();
    if (frame === undefined) return;
    const step = takeReport(this.twin, frame, type, (this.nowMs += 1));
    assert.notEqual(step.kind, 'invalid');
    this.twin = after(this.twin, step);
    if (this.device.toHub.length === 0) this.device.owes = false;
  }
}

const value = fc.option(fc.integer({ min: 0, max: 9 }), { nil: null });
const patches = fc.record(
  { a: value, b: value, deep: fc.record({ c: value }, { requiredKeys: [] }) },
  { requiredKeys: [] },
);
const moves = fc.oneof(
  patches.map((patch) => ({ what: 'set' as const, patch })),
  fc
    .constantFrom('connect', 'disconnect', 'restart', 'reset', 'deviceReads', 'hubReads')
    .map((what) => ({ what, patch: {} }) as const),
);

test('whatever happens in whatever order, a device that is left alone comes to what was accepted last, and the hub knows it', () => {
  fc.assert(
    fc.property(fc.array(moves, { maxLength: 60 }), (all) => {
      const play = new Play();
      let { rev } = play.twin;
      for (const move of all) {
        if (move.what === 'set') play.set(move.patch);
        else play[move.what]();
        assert.ok(play.twin.rev >= rev, 'a revision never falls');
        ({ rev } = play.twin);
        assert.deepEqual(play.twin.desired, play.accepted, 'no accepted change is lost');
        if (verdictOf(play.twin) === 'in-sync')
          assert.deepEqual(differing(play.twin.desired, play.twin.reported), []);
        if (verdictOf(play.twin) === 'in-sync' && play.device.connected)
          assert.equal(
            play.device.heldRev ?? 0,
            play.twin.rev,
            'nobody says in sync of a device that forgot',
          );
      }
      if (!play.device.connected) play.connect();
      while (play.device.toDevice.length + play.device.toHub.length > 0) {
        play.deviceReads();
        play.hubReads();
      }
      assert.equal(verdictOf(play.twin), 'in-sync');
      assert.deepEqual(differing(play.accepted, play.device.state), [], 'the device does what was asked for');
    }),
    { numRuns: 2_000 },
  );
});
