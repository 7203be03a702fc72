/** A row of the state, as either database hands it out. */
export type Row = Readonly<Record<string, unknown>>;

/** Reads JSON that only the stores write, so its type needs no check. */
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

/** The member when the column has a number; otherwise nothing. */
export function optional<Name extends string>(name: Name, value: unknown): Partial<Record<Name, number>> {
  return typeof value === 'number' ? ({ [name]: value } as Record<Name, number>) : {};
}
