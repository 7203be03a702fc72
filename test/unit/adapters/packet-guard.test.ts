import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketReader } from '../../../hub/adapters/broker/packet-guard.ts';
import {
  connectPacket,
  lengthField,
  mqttText,
  packet,
  subscribePacket,
} from '../../helpers/devices/raw-mqtt.ts';

const maxBytes = 4_096;

const allowed: Record<string, number[]> = {
  'a CONNECT': connectPacket(),
  'one without a client id and with a clean session': connectPacket({ id: '' }),
  'one of MQTT 3.1': packet(0x10, ...mqttText('MQIsdp'), 3, 2, 0, 60, ...mqttText('c')),
  'one of MQTT 5, which the library refuses': connectPacket({ level: 5 }),
  'one with a will, a name and a password': connectPacket({
    flags: 0xc6,
    rest: [...mqttText('will'), ...mqttText([0, 255]), ...mqttText('name'), ...mqttText([255])],
  }),
  'a SUBSCRIBE': subscribePacket('a/+/b/#'),
  'one of several filters': packet(0x82, 0, 1, ...mqttText('+'), 0, ...mqttText('#'), 2),
  'one with a byte order mark in it': subscribePacket('\ufeffa'),
  'an UNSUBSCRIBE': packet(0xa2, 0, 1, ...mqttText('a')),
  'a PUBLISH of QoS 0': packet(0x30, ...mqttText('a'), 1, 2, 3),
  'one of QoS 1': packet(0x32, ...mqttText('a'), 0, 1, 9),
  'a PUBACK': packet(0x40, 0, 1),
  'a PINGREQ': packet(0xc0),
  'a DISCONNECT': packet(0xe0),
};

const refused: Record<string, [number[], RegExp, number?]> = {
  'no client id and a session to keep [MQTT-3.1.3-8]': [
    connectPacket({ id: '', flags: 0 }),
    /no client id/,
    2,
  ],
  'an unknown level [MQTT-3.1.2-2]': [connectPacket({ level: 6 }), /protocol level 6/, 1],
  'a client id that is not UTF-8 [MQTT-1.5.3-1]': [
    connectPacket({ id: [0xed, 0xa0, 0x80] }),
    /client id that is not UTF-8/,
  ],
  'a client id with U+0000 [MQTT-1.5.3-2]': [connectPacket({ id: 'a\0' }), /U\+0000/],
  'a user name that is not UTF-8': [
    connectPacket({ flags: 0x82, rest: mqttText([0xff]) }),
    /user name that is not UTF-8/,
  ],
  'a will topic that is not UTF-8': [
    connectPacket({ flags: 0x06, rest: mqttText([0xc0, 0x80]) }),
    /will topic that is not UTF-8/,
  ],
  'a filter with + beside other characters [MQTT-4.7.1-3]': [
    subscribePacket('a+/b'),
    /topic filter "a\+\/b"/,
  ],
  'a filter with + at the end of a level': [subscribePacket('b/a+'), /topic filter/],
  'a filter with # before the end [MQTT-4.7.1-2]': [subscribePacket('a/#/b'), /topic filter/],
  'a filter with # beside other characters': [subscribePacket('a#'), /topic filter/],
  'an empty filter [MQTT-4.7.3-1]': [subscribePacket(''), /topic filter/],
  'a filter that is not UTF-8': [subscribePacket([0x61, 0xff]), /not UTF-8/],
  'a SUBSCRIBE with packet identifier 0 [MQTT-2.3.1-1]': [subscribePacket('a', 0), /packet identifier 0/],
  'a SUBSCRIBE without a filter [MQTT-3.8.3-3]': [packet(0x82, 0, 1), /no topic filter/],
  'a SUBSCRIBE that ends in the middle of a filter': [packet(0x82, 0, 1, 0, 9, 0x61), /ends too early/],
  'an UNSUBSCRIBE with packet identifier 0': [packet(0xa2, 0, 0, ...mqttText('a')), /packet identifier 0/],
  'a PUBLISH with packet identifier 0': [packet(0x32, ...mqttText('a'), 0, 0), /packet identifier 0/],
  'a PUBLISH of QoS 3 [MQTT-3.3.1-4]': [packet(0x36, ...mqttText('a'), 0, 1), /QoS 3/],
  'a PUBLISH to a wildcard [MQTT-3.3.2-2]': [packet(0x30, ...mqttText('a/+')), /wildcard/],
  'a PUBLISH to a topic that is not UTF-8': [packet(0x30, ...mqttText([0xff])), /topic that is not UTF-8/],
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
