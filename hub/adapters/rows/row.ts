/** A row of the state, as either database hands it out. */
export type Row = Readonly<Record<string, unknown>>;

/** JSON that the stores have written themselves, and nobody else: its type is what they write. */
export function jsonOf(text: unknown): unknown {
  return JSON.parse(String(text));
}

/** PostgreSQL has booleans, SQLite 0 and 1. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** A member of an object that is to have it only when the column has a number. */
export function optional<Name extends string>(name: Name, value: unknown): Partial<Record<Name, number>> {
  return typeof value === 'number' ? ({ [name]: value } as Record<Name, number>) : {};
}
