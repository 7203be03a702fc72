import { createHash } from 'node:crypto';
import type { DeviceTypeDefinition, ScalarDefinition } from '../device-type-definition.ts';
import { stepsOf } from '../generate/number-steps.ts';
import type { ShortField, ShortLayout, ShortStream, ShortStreams } from './short-telemetry.ts';

const known = new WeakMap<DeviceTypeDefinition, ShortLayout>();

/** The places of streams and fields in the short forms of a device type. */
export function layoutOf(definition: DeviceTypeDefinition): ShortLayout {
  let layout = known.get(definition);
  if (layout === undefined) {
    const streams = Object.entries(definition.streams ?? {}).map(([name, { properties = {} }]) => ({
      name,
      fields: Object.entries(properties).map(([field, schema]) =>
        shortField(field, schema as ScalarDefinition),
      ),
    }));
    const fingerprint = fingerprintOf(
      streams,
      streams.map(({ fields }) => fields.length),
    );
    layout = { fingerprint, streams };
    known.set(definition, layout);
  }
  return layout;
}

/**
 * Whether the places still have the same meaning as when this fingerprint was made. Streams and fields may have been added
 * at the end.
 */
export function isLayoutOf(fingerprint: string, definition: DeviceTypeDefinition): boolean {
  const layout = layoutOf(definition);
  if (fingerprint === layout.fingerprint) return true;
  const counts = fingerprint.slice(0, fingerprint.indexOf('-')).split('.').map(Number);
  const isWithin = counts.every((count, at) => count <= (layout.streams[at]?.fields.length ?? -1));
  return isWithin && fingerprint === fingerprintOf(layout.streams, counts);
}

function shortField(name: string, schema: ScalarDefinition): ShortField {
  const { unit = 1, decimals = 0 } = stepsOf(schema) ?? {};
  return { name, unit, scale: 10 ** decimals, ...(schema.enum === undefined ? {} : { values: schema.enum }) };
}

/** `4.2-5f0c…`: the number of fields of each stream, and the first half of the SHA-256 of their descriptions. */
function fingerprintOf(streams: ShortStreams, counts: readonly number[]): string {
  const places = counts.map((count, at) => {
    const { name = '', fields = [] } = streams[at] ?? {};
    return placesOf({ name, fields: fields.slice(0, count) });
  });
  const hash = createHash('sha256').update(JSON.stringify(places)).digest('hex');
  return `${counts.join('.')}-${hash.slice(0, 16)}`;
}

/** The description of a stream in the fingerprint: `["env", [["temperature", 1, 100], ["mode", ["on", "off"]]]]`. */
export function placesOf({ name, fields }: ShortStream): readonly [name: string, fields: readonly unknown[]] {
  return [
    name,
    fields.map(({ name: field, unit, scale, values }) => [field, ...(values ? [values] : [unit, scale])]),
  ];
}
