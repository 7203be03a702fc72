import type { DeviceType, FieldSpec, StreamType } from '../../../schemas/index.ts';

/** A device type in all its versions; the newest has the word on titles, units and limits. */
export interface TypeFamily {
  name: string;
  title: string;
  streams: readonly StreamFields[];
  hasEvents: boolean;
}

export interface StreamFields {
  name: string;
  measurement: string;
  tags: readonly string[];
  /** Without the tags, in the order of the file. */
  fields: readonly FieldSpec[];
}

/** Types by name, sorted; streams and fields that only an older version has are there as well: their readings are. */
export function familiesOf(types: readonly DeviceType[]): TypeFamily[] {
  const names = [...new Set(types.map(({ name }) => name))].toSorted();
  return names.map((name) => {
    const versions = types.filter((type) => type.name === name).toSorted((a, b) => b.version - a.version);
    const streamNames = new Set(versions.flatMap(({ streams }) => [...streams.keys()]));
    return {
      name,
      title: versions[0]?.title ?? name,
      streams: [...streamNames].map((stream) =>
        mergeStreams(versions.flatMap(({ streams }) => streams.get(stream) ?? [])),
      ),
      hasEvents: versions.some(({ events }) => events.size > 0),
    };
  });
}

/** @param versions of one stream, the newest first; at least one */
function mergeStreams(versions: readonly StreamType[]): StreamFields {
  const fields = new Map<string, FieldSpec>();
  for (const field of versions.flatMap((stream) => stream.fields)) {
    if (!fields.has(field.name)) fields.set(field.name, field);
  }
  const [{ name, measurement } = { name: '', measurement: '' }] = versions;
  return {
    name,
    measurement,
    tags: [...fields.values()].filter(({ tag }) => tag).map((field) => field.name),
    fields: [...fields.values()].filter(({ tag }) => !tag),
  };
}

/** As people call it. */
export function titleOf({ title, name }: FieldSpec): string {
  return title ?? name;
}
