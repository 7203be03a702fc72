/** Examples of requests and answers, for the OpenAPI document. */

interface Schema {
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

/**
 * The schema's own example, or one made from the examples of its parts: the required members of an object, the first
 * alternative, one item of a list.
 * @throws Error naming the schema without an example: every operation needs one
 */
export function exampleOf(schema: Schema): unknown {
  const { title, description, examples, properties, required = [], items, anyOf } = schema;
  if (examples !== undefined) return examples[0];
  if (anyOf?.[0] !== undefined) return exampleOf(anyOf[0]);
  if (items !== undefined) return [exampleOf(items)];
  if (properties !== undefined) {
    const members = Object.entries(properties).filter(([name]) => required.includes(name));
    return Object.fromEntries(members.map(([name, member]) => [name, exampleOf(member)]));
  }
  throw new Error(`no example of ${title ?? description ?? JSON.stringify(schema)}`);
}
