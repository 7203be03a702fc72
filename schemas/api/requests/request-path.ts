/** The path and query of a request to the API. It runs in a browser too. */

type Value = string | number | boolean;

export interface PathParts {
  readonly params?: Readonly<Record<string, Value>>;
  readonly query?: Readonly<Record<string, Value | readonly Value[] | undefined>>;
}

/** @param template such as `/api/v1/devices/{id}` */
export function requestPath(template: string, { params = {}, query = {} }: PathParts): string {
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    // No URL can have half a surrogate pair: it is encoded as `URLSearchParams` does.
    encodeURIComponent(String(params[name]).toWellFormed()),
  );
  const terms = Object.entries(query).flatMap(([name, value]) =>
    (value === undefined ? [] : [value].flat()).map((one): [string, string] => [name, String(one)]),
  );
  return terms.length === 0 ? path : `${path}?${new URLSearchParams(terms).toString()}`;
}
