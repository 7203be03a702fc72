import fc from 'fast-check';
import { settle, type World } from './core-world.ts';

type Move = (world: World) => void | Promise<void>;

let count = 0;

const command = (id: string, name: string): object => ({
  type: 'command',
  id,
  name,
  params: {},
  deadline: 9e15,
  ttlMs: 9e9,
  safety: 'observe',
});

const ids = fc.constantFrom('c-1', 'c-2');

const anything = fc.oneof(fc.anything(), fc.constantFrom(-1, 1e308, '', null, [], {}));

const garbage = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '',
    '{',
    '[]',
    'null',
    '{"type":"welcome"}',
    '['.repeat(5_000),
    '{"type":"desired","rev":1,"state":{"a":',
  ),
  fc
    .record({
      type: fc.constantFrom('welcome', 'ack', 'nack', 'command', 'desired', 'drain', 'recall', 'credential'),
      upTo: anything,
      re: anything,
      seq: anything,
      code: anything,
      retry: anything,
      retryAfterMs: anything,
      rejectedSamples: anything,
      state: anything,
      ids: anything,
      id: anything,
      params: anything,
    })
    .map((value) => {
      try {
        return JSON.stringify(value);
      } catch {
        return '';
      }
    }),
);

const endings = fc.oneof(
  fc.record({
    kind: fc.constant('closed' as const),
    code: fc.constantFrom(
      1000,
      1002,
      1003,
      1006,
      1007,
      1008,
      1009,
      1012,
      1013,
      4004,
      4400,
      4401,
      4403,
      4408,
      4409,
      4429,
    ),
    reason: fc.string(),
  }),
  fc.record({
    kind: fc.constant('refused' as const),
    status: fc.constantFrom(301, 400, 401, 403, 404, 426, 429, 500, 503),
  }),
  fc.constant({ kind: 'failed' as const, message: 'no route' }),
);

export const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Move>((world) => world.measure((count += 1))) },
  {
    weight: 6,
    arbitrary: fc.nat(60_000).map<Move>((ms) => (world) => {
      world.up += ms;
      world.turn();
    }),
  },
  {
    weight: 8,
    arbitrary: fc.constant<Move>((world) => world.comeBack()),
  },
  { weight: 2, arbitrary: fc.constant<Move>((world) => world.open()) },
  {
    weight: 5,
    arbitrary: fc.double({ min: 0, max: 1, noNaN: true }).map<Move>((share) => (world) => world.ack(share)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.boolean(), fc.boolean(), fc.constantFrom('schema', 'clock', 'too-large', 'of-the-future'))
      .map<Move>(
        ([retry, part, code]) =>
          (world) =>
            world.nack(retry, part, code),
      ),
  },
  {
    weight: 3,
    arbitrary: garbage.map<Move>((text) => (world) => {
      // What happens to be a frame is for the other moves.
      if (!/"type":"(ack|nack|credential)"/.test(text)) world.say(text);
    }),
  },
  { weight: 3, arbitrary: endings.map<Move>((ending) => (world) => world.lose(ending)) },
  {
    weight: 10,
    arbitrary: fc.tuple(ids, fc.constantFrom('look', 'fail', 'nothing')).map<Move>(
      ([id, name]) =>
        (world) =>
          world.say(command(id, name)),
    ),
  },
  { weight: 1, arbitrary: ids.map<Move>((re) => (world) => world.say({ type: 'cancel', re })) },
  {
    weight: 1,
    arbitrary: fc.array(ids).map<Move>((all) => (world) => world.say({ type: 'recall', ids: all })),
  },
  {
    weight: 1,
    arbitrary: ids.map<Move>(
      (re) => (world) => world.say({ type: 'nack', re, code: 'overloaded', retry: true }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Move>((world) =>
      world.say({ type: 'desired', rev: 3, state: { intervalSec: 5 } }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.nat(5).map<Move>((n) => (world) => {
      const secret = `secret-${n}`.repeat(4);
      world.offer(secret);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Move>((world) =>
      world.say({ type: 'drain', reconnectAfterMs: 100, reason: 'restart' }),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Move>((world) => world.reboot()) },
  { weight: 1, arbitrary: fc.boolean().map<Move>((full) => (world) => void (world.store.isFull = full)) },
  { weight: 3, arbitrary: fc.boolean().map<Move>((full) => (world) => void (world.memory.isFull = full)) },
  // The power is cut right after something began: what is not stored by then is forgotten.
  {
    weight: 2,
    arbitrary: ids.map<Move>((id) => (world) => {
      world.say(command(id, 'look'));
      world.reboot();
      world.comeBack();
      world.say(command(id, 'look'));
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Move>((world) => {
      world.memory.isFull = true;
      world.offer('a-secret-for-a-full-memory');
      world.lose({ kind: 'closed', code: 1006, reason: '' });
      world.comeBack();
      world.reboot();
      world.measure((count += 1));
    }),
  },
  // A port with a clock that jumps: backwards, far ahead, or to what is no time.
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(-1e6, Number.NaN, -Infinity, 0)
      .map<Move>((up) => (world) => void world.core.step(up)),
  },
  { weight: 2, arbitrary: fc.constant<Move>(settle) },
);
