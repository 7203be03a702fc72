interface Shape {
  name?: string;
  version?: number;
  streams?: Record<string, unknown>;
}

/** A definition with one stream `s` of one field `a`, changed as told. */
export function definition({ name = 'meter', version = 1, streams }: Shape = {}): Record<string, unknown> {
  return {
    name,
    version,
    presence: { heartbeatSec: 30 },
    streams: streams ?? { s: stream({ a: { type: 'number' } }) },
  };
}

export function stream(
  properties: Record<string, unknown>,
  required = Object.keys(properties),
): Record<string, unknown> {
  return { type: 'object', properties, required, additionalProperties: false };
}
