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
 * The schema's own example, or one that is made of the examples of its parts: of the required members of an object,
 * of the first of several alternatives, of one item of a list.
 * @throws Error naming what has none: an operation without an example is not described
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
