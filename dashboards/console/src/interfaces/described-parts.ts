/** What the documents of the interfaces describe, as a list that can be searched. */
import { texts } from '../texts/texts.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface DescribedPart {
  /** Such as `GET /api/v1/devices` or `hub/v1/presence/{device}`. */
  name: string;
  /** What it is for. */
  summary: string;
  /** What it belongs to: a resource, or an interface. */
  group: string;
  /** Everything that the document says of it; references are not followed yet. */
  details: Json;
}

/** The operations of an OpenAPI document, in its order. */
export function partsOfOpenApi(document: Json): DescribedPart[] {
  return entriesOf(document['paths']).flatMap(([path, methods]) =>
    entriesOf(methods).map(([method, details]) => ({
      name: `${method.toUpperCase()} ${path}`,
      summary: textOf(details['summary']),
      group: textOf(listOf(details['tags'])[0]),
      details,
    })),
  );
}

/** The messages of an AsyncAPI document: frames of devices, and topics. */
export function partsOfAsyncApi(document: Json): DescribedPart[] {
  return entriesOf(document['operations']).map(([, operation]) => {
    const channel = resolved(document, operation['channel']);
    const messages = listOf(operation['messages']).map((message) => resolved(document, message));
    const address = textOf(channel['address']);
    const by = operation['action'] === 'receive' ? 'device' : 'hub';
    const isFrame = address === '/v1/device';
    return {
      name: isFrame ? `${by}: ${textOf(messages[0]?.['name'])}` : address,
      summary: textOf(operation['summary'] ?? channel['title']),
      group: isFrame ? texts.interfaces.framesOfDevices : texts.interfaces.mqttTopics,
      details: { ...channel, ...operation, channel: address, messages },
    };
  });
}

/** Those that have every word, wherever. */
export function partsWith(parts: readonly DescribedPart[], words: string): DescribedPart[] {
  const wanted = words.toLowerCase().split(/\s+/);
  return parts.filter(({ name, summary, group }) => {
    const text = `${name} ${summary} ${group}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** References lead to references: further in, their names say enough. */
const deepest = 12;

/** With what its references lead to in their places; one that leads back to itself stays a reference. */
export function inlined(document: Json, value: unknown, within: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((each) => inlined(document, each, within));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref } = value as { $ref?: unknown };
  if (typeof $ref === 'string') {
    if (within.includes($ref) || within.length >= deepest) return value;
    const target = targetOf(document, $ref);
    return target === undefined ? value : inlined(document, target, [...within, $ref]);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, inlined(document, each, within)]),
  );
}

function resolved(document: Json, value: unknown): Json {
  const found = inlined(document, value);
  return typeof found === 'object' && found !== null ? (found as Json) : {};
}

/** @param reference a JSON pointer into the document: `#/components/schemas/Device` */
function targetOf(document: Json, reference: string): unknown {
  let found: unknown = document;
  for (const part of reference.replace(/^#\//, '').split('/')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Json)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return found;
}

function entriesOf(value: unknown): [string, Json][] {
  return typeof value === 'object' && value !== null ? (Object.entries(value) as [string, Json][]) : [];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
