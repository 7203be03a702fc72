/** Messages of the bus as packets of MQTT, and back. */

import type { IPublishPacket } from 'mqtt';
import type { IncomingMessage, OutgoingMessage } from '../../bus/bus.ts';
import type { Topics } from '../../bus/topics.ts';

/** As the client publishes it: topic, payload, options. */
export function published(message: OutgoingMessage): [string, string, object] {
  const { topic, payload, qos, retain = false, correlationData, userProperties } = message;
  const properties = {
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    ...(userProperties === undefined ? {} : { userProperties: { ...userProperties } }),
  };
  return [topic, payload, { qos, retain, properties }];
}

/** @param waited the message may have waited in the broker */
export function incoming(packet: IPublishPacket, session: string, waited: boolean): IncomingMessage {
  const { topic, payload, retain, dup, messageId, properties = {} } = packet;
  const { responseTopic, correlationData, messageExpiryInterval, userProperties } = properties;
  return {
    topic,
    retain,
    dup,
    session,
    waited,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    packetId: messageId,
    responseTopic,
    correlationData,
    messageExpirySec: messageExpiryInterval,
    userProperties: userProperties && firstValues(userProperties),
  };
}

/** A user property may come several times; the first counts. */
function firstValues(properties: Record<string, string | string[]>): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) values[name] = first;
  }
  return values;
}

/** Requests about one device, or to one group, keep their order. */
export function orderOf(topics: Topics, topic: string): string {
  const request = topics.parse(topic);
  if (request === undefined) return topic;
  return request.kind === 'group-command' ? `group/${request.group}` : `device/${request.device}`;
}

/** PUBACK packets, each without reason code and properties, which means success [MQTT 5 §3.4.2.1]. */
export function pubacks(packetIds: readonly number[]): Buffer {
  return Buffer.from(packetIds.flatMap((id) => [0x40, 0x02, id >> 8, id & 0xff]));
}
