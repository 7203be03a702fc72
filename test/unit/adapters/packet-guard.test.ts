import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketReader } from '../../../hub/adapters/broker/packet-guard.ts';

const maxBytes = 4_096;

/** A length field (MQTT 3.1.1 §2.2.3). */
function lengthField(length: number): number[] {
  const low = length % 128;
  return length < 128 ? [low] : [low + 128, ...lengthField(Math.floor(length / 128))];
}

function packet(firstByte: number, ...body: number[]): number[] {
  return [firstByte, ...lengthField(body.length), ...body];
}

const text = (value: string | number[]): number[] => {
  const bytes = typeof value === 'string' ? [...Buffer.from(value)] : value;
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
};

interface Connect {
  level?: number;
  flags?: number;
  id?: string | number[];
  rest?: number[];
}

const connect = ({ level = 4, flags = 2, id = 'c', rest = [] }: Connect = {}): number[] =>
  packet(0x10, ...text('MQTT'), level, flags, 0, 60, ...text(id), ...rest);
const subscribe = (filter: string | number[], id = 7): number[] =>
  packet(0x82, id >> 8, id & 0xff, ...text(filter), 1);

const allowed: Record<string, number[]> = {
  'a CONNECT': connect(),
  'one without a client id and with a clean session': connect({ id: '' }),
  'one of MQTT 3.1': packet(0x10, ...text('MQIsdp'), 3, 2, 0, 60, ...text('c')),
  'one of MQTT 5, which the library refuses': connect({ level: 5 }),
  'one with a will, a name and a password': connect({
    flags: 0xc6,
    rest: [...text('will'), ...text([0, 255]), ...text('name'), ...text([255])],
  }),
  'a SUBSCRIBE': subscribe('a/+/b/#'),
  'one of several filters': packet(0x82, 0, 1, ...text('+'), 0, ...text('#'), 2),
  'one with a byte order mark in it': subscribe('\ufeffa'),
  'an UNSUBSCRIBE': packet(0xa2, 0, 1, ...text('a')),
  'a PUBLISH of QoS 0': packet(0x30, ...text('a'), 1, 2, 3),
  'one of QoS 1': packet(0x32, ...text('a'), 0, 1, 9),
  'a PUBACK': packet(0x40, 0, 1),
  'a PINGREQ': packet(0xc0),
  'a DISCONNECT': packet(0xe0),
};

const refused: Record<string, [number[], RegExp, number?]> = {
  'no client id and a session to keep [MQTT-3.1.3-8]': [connect({ id: '', flags: 0 }), /no client id/, 2],
  'an unknown level [MQTT-3.1.2-2]': [connect({ level: 6 }), /protocol level 6/, 1],
  'a client id that is not UTF-8 [MQTT-1.5.3-1]': [
    connect({ id: [0xed, 0xa0, 0x80] }),
    /client id that is not UTF-8/,
  ],
  'a client id with U+0000 [MQTT-1.5.3-2]': [connect({ id: 'a\0' }), /U\+0000/],
  'a user name that is not UTF-8': [
    connect({ flags: 0x82, rest: text([0xff]) }),
    /user name that is not UTF-8/,
  ],
  'a will topic that is not UTF-8': [
    connect({ flags: 0x06, rest: text([0xc0, 0x80]) }),
    /will topic that is not UTF-8/,
  ],
  'a filter with + beside other characters [MQTT-4.7.1-3]': [subscribe('a+/b'), /topic filter "a\+\/b"/],
  'a filter with + at the end of a level': [subscribe('b/a+'), /topic filter/],
  'a filter with # before the end [MQTT-4.7.1-2]': [subscribe('a/#/b'), /topic filter/],
  'a filter with # beside other characters': [subscribe('a#'), /topic filter/],
  'an empty filter [MQTT-4.7.3-1]': [subscribe(''), /topic filter/],
  'a filter that is not UTF-8': [subscribe([0x61, 0xff]), /not UTF-8/],
  'a SUBSCRIBE with packet identifier 0 [MQTT-2.3.1-1]': [subscribe('a', 0), /packet identifier 0/],
  'a SUBSCRIBE without a filter [MQTT-3.8.3-3]': [packet(0x82, 0, 1), /no topic filter/],
  'a SUBSCRIBE that ends in the middle of a filter': [packet(0x82, 0, 1, 0, 9, 0x61), /ends too early/],
  'an UNSUBSCRIBE with packet identifier 0': [packet(0xa2, 0, 0, ...text('a')), /packet identifier 0/],
  'a PUBLISH with packet identifier 0': [packet(0x32, ...text('a'), 0, 0), /packet identifier 0/],
  'a PUBLISH of QoS 3 [MQTT-3.3.1-4]': [packet(0x36, ...text('a'), 0, 1), /QoS 3/],
  'a PUBLISH to a wildcard [MQTT-3.3.2-2]': [packet(0x30, ...text('a/+')), /wildcard/],
  'a PUBLISH to a topic that is not UTF-8': [packet(0x30, ...text([0xff])), /topic that is not UTF-8/],
  'a PUBACK with packet identifier 0': [packet(0x40, 0, 0), /packet identifier 0/],
  'a packet beyond the limit': [[0x30, ...lengthField(maxBytes)], /over 4096 bytes/],
  'a length field of five bytes': [[0x30, 0xff, 0xff, 0xff, 0xff, 0x01], /over 4096 bytes/],
};

for (const [what, bytes] of Object.entries(allowed))
  test(`${what} passes`, () =>
    assert.equal(new PacketReader(maxBytes).take(Uint8Array.from(bytes)), undefined));

for (const [what, [bytes, reason, connack]] of Object.entries(refused))
  test(`${what} is refused`, () => {
    const fault = new PacketReader(maxBytes).take(Uint8Array.from(bytes));
    assert.match(fault?.reason ?? '', reason);
    assert.equal(fault?.connack, connack);
  });

test('however a connection is cut into chunks, the same packets pass and the first fault is found', () => {
  const good = fc.constantFrom(...Object.values(allowed));
  const bad = fc.constantFrom(...Object.values(refused).map(([bytes]) => bytes));
  fc.assert(
    fc.property(
      fc.array(good, { maxLength: 6 }),
      fc.option(bad, { nil: undefined }),
      fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      (before, fault, sizes) => {
        const bytes = Uint8Array.from([...before.flat(), ...(fault ?? [])]);
        const reader = new PacketReader(maxBytes);
        let found: string | undefined;
        for (let at = 0; at < bytes.length && found === undefined;) {
          const size = sizes.next().value ?? 1;
          found = reader.take(bytes.slice(at, at + size))?.reason;
          at += size;
        }
        assert.equal(found === undefined, fault === undefined);
        if (fault !== undefined)
          assert.equal(found, new PacketReader(maxBytes).take(Uint8Array.from(fault))?.reason);
      },
    ),
  );
});

test('whatever bytes a stranger sends, the reader neither throws nor loops', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
      const reader = new PacketReader(maxBytes);
      for (const chunk of chunks) if (reader.take(chunk) !== undefined) return;
    }),
  );
});
