/** MQTT 3.1.1 packets as bytes, with nothing checked. */

/** A length field (§2.2.3). */
export function lengthField(length: number): number[] {
  const low = length % 128;
  return length < 128 ? [low] : [low + 128, ...lengthField(Math.floor(length / 128))];
}

export function packet(firstByte: number, ...body: number[]): number[] {
  return [firstByte, ...lengthField(body.length), ...body];
}

/** A text or bytes with their length before them (§1.5.3). */
export function mqttText(value: string | readonly number[]): number[] {
  const bytes = typeof value === 'string' ? [...Buffer.from(value)] : value;
  return [(bytes.length >> 8) & 0xff, bytes.length & 0xff, ...bytes];
}

export interface ConnectFields {
  level?: number;
  flags?: number;
  id?: string | readonly number[];
  /** Will, name and password, as the flags have them. */
  rest?: readonly number[];
}

export function connectPacket({ level = 4, flags = 2, id = 'c', rest = [] }: ConnectFields = {}): number[] {
  return packet(0x10, ...mqttText('MQTT'), level, flags, 0, 60, ...mqttText(id), ...rest);
}

export function subscribePacket(filter: string | readonly number[], id = 7): number[] {
  return packet(0x82, id >> 8, id & 0xff, ...mqttText(filter), 1);
}
