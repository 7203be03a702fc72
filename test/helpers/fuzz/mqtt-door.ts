/** The embedded broker: MQTT 3.1.1 packets, good, nearly good and spoilt. */

import fc from 'fast-check';
import command from '../../../schemas/mqtt/command.schema.json' with { type: 'json' };
import groupCommand from '../../../schemas/mqtt/group-command.schema.json' with { type: 'json' };
import { connectPacket, mqttText, packet, subscribePacket } from '../devices/raw-mqtt.ts';
import { makeDoor } from './door.ts';
import { exchange } from './exchange.ts';
import type { FuzzRange, TokenName } from './fuzz-range.ts';
import { hostileText } from './hostile-values.ts';
import { mostly } from './mostly.ts';
import { attempts, jsonTexts, type JsonSchema, type Known } from './schema-values.ts';

const known: Known = { id: ['c-1', 'c-2'], params: [{}, { seconds: 5 }] };

const payload = jsonTexts(
  fc.oneof(attempts(command as JsonSchema, known), attempts(groupCommand as JsonSchema, known)),
).map((text) => [...Buffer.from(text)]);

const requestTopic = mostly(
  [
    'hub/v1/command/asked-1/identify',
    'hub/v1/command/asked-2/set-interval',
    'hub/v1/command/nobody/identify',
    'hub/v1/group-command/one/identify',
    'hub/v1/cancel/asked-1',
    'hub/v1/cancel/asked-1/c-1',
  ],
  fc.oneof(
    fc.constantFrom(
      'hub/v1/hub',
      'hub/v1/presence/asked-1',
      'hub/v1/telemetry/asked-1/env',
      'hub/v1/command',
    ),
    hostileText.map((level) => `hub/v1/command/${level}/identify`),
    hostileText.map((level) => `hub/v1/command/asked-1/${level}`),
    hostileText.map((level) => `hub/v1/group-command/${level}/identify`),
    hostileText,
  ),
  4,
);

const filter = mostly(
  ['hub/v1/#', 'hub/v1/+/asked-1/#', 'hub/v1/status/asked-1/c-1', 'hub/v1/hub', '#', '+/+', '$SYS/#'],
  fc.array(hostileText, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/')),
);

const packetId = mostly([1, 2, 65_535], [0], 20);
const two = (id: number): number[] => [id >> 8, id & 0xff];
/** DUP, two bits of QoS, RETAIN. */
const publishFlags = mostly([0, 2], fc.nat(15));

const good = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(requestTopic, payload, publishFlags, packetId)
      .map(([to, body, flags, id]) =>
        packet(0x30 | flags, ...mqttText(to), ...((flags & 6) === 0 ? [] : two(id)), ...body),
      ),
  },
  { weight: 4, arbitrary: fc.tuple(filter, packetId).map(([to, id]) => subscribePacket(to, id)) },
  {
    weight: 2,
    arbitrary: fc.tuple(filter, packetId).map(([to, id]) => packet(0xa2, ...two(id), ...mqttText(to))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(mostly([0x40, 0x50, 0x62, 0x70], [0x90, 0xb0, 0xd0, 0xf0, 0x00]), packetId)
      .map(([type, id]) => packet(type, ...two(id))),
  },
  { weight: 1, arbitrary: mostly([packet(0xc0)], [packet(0xe0), connectPacket()], 4) },
);

/** Whole packets after which the connection must be closed [MQTT-4.8.0-1]: not one of them is nearly good. */
const forbidden = fc.oneof(
  // Bits of a surrogate, a byte that begins nothing, and U+0000 [MQTT-1.5.3-1], [MQTT-1.5.3-2].
  fc
    .tuple(
      fc.constantFrom('hub/v1/command/', 'hub/v1/', ''),
      fc.constantFrom([0xed, 0xa0, 0x80], [0xff], [0]),
      fc.constantFrom(0x30, 0x82, 0xa2),
      packetId,
    )
    .map(([before, odd, type, id]) => {
      const text = mqttText([...Buffer.from(before), ...odd]);
      return type === 0x30
        ? packet(type, ...text)
        : packet(type, ...two(id), ...text, ...(type === 0x82 ? [1] : []));
    }),
  // A topic without a name, or with a wildcard [MQTT-4.7.3-1], [MQTT-3.3.2-2].
  fc
    .tuple(fc.constantFrom('', 'hub/v1/command/+/identify', 'hub/v1/command/#'), payload)
    .map(([to, body]) => packet(0x30, ...mqttText(to), ...body)),
  // QoS 3 [MQTT-3.3.1-4].
  fc
    .tuple(requestTopic, packetId)
    .map(([to, id]) => packet(0x36, ...mqttText(to), ...two(id), ...Buffer.from('{}'))),
  // Packet identifier 0 [MQTT-2.3.1-1].
  requestTopic.map((to) => packet(0x32, ...mqttText(to), 0, 0, ...Buffer.from('{}'))),
  filter.map((to) => subscribePacket(to, 0)),
  // A wildcard that shares its level, or `#` before the end [MQTT-4.7.1-2], [MQTT-4.7.1-3].
  fc
    .tuple(fc.constantFrom('hub/v1#', 'hub/v1/#/x', 'hub/a+', '+b/c', ''), packetId)
    .map(([to, id]) => subscribePacket(to, id)),
  // No filter at all [MQTT-3.8.3-3], [MQTT-3.10.3-2].
  fc.tuple(fc.constantFrom(0x82, 0xa2), packetId).map(([type, id]) => packet(type, ...two(id))),
);

interface Piece {
  bytes: number[];
  /** What follows is another packet, and not the rest of this one. */
  whole: boolean;
  /** The connection must be closed. */
  last?: true;
}

const whole = good.map((bytes): Piece => ({ bytes, whole: true }));
/** Cut off, with a byte changed, or bytes that are no packet. */
const spoilt = fc
  .oneof(
    fc.tuple(good, fc.nat(60)).map(([bytes, at]) => bytes.slice(0, at)),
    fc.tuple(good, fc.nat(60), fc.nat(255)).map(([bytes, at, by]) => bytes.with(at % bytes.length, by)),
    fc.array(fc.nat(255), { minLength: 1, maxLength: 40 }),
  )
  .map((bytes): Piece => ({ bytes, whole: false }));

const last = forbidden.map((bytes): Piece => ({ bytes, whole: true, last: true }));

interface Visit {
  /** Undefined: the connection begins with what comes next. */
  as: TokenName | undefined;
  clientId: string;
  pieces: Piece[];
}

const visit = fc.record<Visit>({
  as: mostly<TokenName | undefined>(['fuzz-admin', 'fuzz-operator'], ['fuzz-some', 'fuzz-viewer', undefined]),
  clientId: mostly(['c', ''], hostileText),
  pieces: fc.oneof(
    fc.array(whole, { minLength: 1, maxLength: 10 }),
    fc.array(fc.oneof({ weight: 4, arbitrary: whole }, { weight: 1, arbitrary: spoilt }), {
      minLength: 1,
      maxLength: 10,
    }),
    fc.tuple(fc.array(whole, { maxLength: 4 }), last).map(([before, end]) => [...before, end]),
  ),
});

/** Name, password, and a session that ends with the connection (§3.1.2.3). */
const signsIn = 0xc2;
/** What a server may send, by the upper four bits: CONNACK to PINGRESP. */
const ofServer = new Set([2, 3, 4, 5, 6, 7, 9, 11, 13]);

const connackBytes = 4;
const pingRequest = 0xc0;
const pingResponseType = 13;
const pingResponse = Buffer.from([0xd0, 0x00]);

async function strike({ hub, tokens }: FuzzRange, { as, clientId, pieces }: Visit): Promise<string> {
  const opening =
    as === undefined
      ? []
      : connectPacket({
          flags: signsIn,
          id: clientId,
          rest: [...mqttText(as), ...mqttText(tokens.get(as) ?? '')],
        });
  // A ping is answered after all that came before it, unless the broker ends the connection.
  const endsBefore = pieces.some(({ last: isLast }) => isLast);
  const answersLast = as !== undefined && !endsBefore && pieces.every(({ whole: isWhole }) => isWhole);
  const said = await exchange(hub.brokerUrl ?? '', [
    {
      bytes: Buffer.from(opening),
      ...(as === undefined ? {} : { until: ({ length }) => length >= connackBytes }),
    },
    {
      bytes: Buffer.from([...pieces.flatMap(({ bytes }) => bytes), ...packet(pingRequest)]),
      ...(answersLast ? { until: (answer) => answer.includes(pingResponse) } : {}),
    },
  ]);
  const types: number[] = [];
  for (let at = 0; at < said.length;) {
    const [type, next] = packetAt(said, at);
    if (!ofServer.has(type))
      throw new Error(`the broker sent a packet of type ${type}: ${said.toString('hex')}`);
    types.push(type);
    at = next;
  }
  const pings = pieces.filter(({ bytes }) => bytes[0] === pingRequest).length;
  if (endsBefore && types.filter((type) => type === pingResponseType).length > pings)
    throw new Error(`the broker went on after a packet that MQTT does not allow: ${said.toString('hex')}`);
  return `${endsBefore ? 'ended after ' : ''}packets ${[...new Set(types)].toSorted((a, b) => a - b).join(' ')}`;
}

/** The type of the packet that begins at `at`, and where the next one does. */
function packetAt(bytes: Buffer, at: number): [type: number, next: number] {
  let length = 0;
  let end = at + 1;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[end] ?? 0;
    length += (byte & 0x7f) << shift;
    end += 1;
    if (byte < 0x80) break;
  }
  return [(bytes[at] ?? 0) >> 4, end + length];
}

export const mqttDoor = makeDoor('mqtt', visit, strike);
