import assert from 'node:assert/strict';

interface Outcome<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** The answer of a request that has to be done, with this status where one is given. */
export async function done<Data>(asked: Promise<Outcome<Data>>, status?: number): Promise<NonNullable<Data>> {
  const { data, error, response } = await asked;
  assert.ok(response.ok, `${response.url}: ${response.status} ${JSON.stringify(error)}`);
  if (status !== undefined) assert.equal(response.status, status, response.url);
  return data as NonNullable<Data>;
}

/** A request that has to be refused with this status. */
export async function refused(asked: Promise<Outcome<unknown>>, status: number): Promise<void> {
  const { error, response } = await asked;
  assert.equal(response.status, status, `${response.url}: ${JSON.stringify(error)}`);
}
