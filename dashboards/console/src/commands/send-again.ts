/** The way from a command that was sent to the form that sends it again: all of it is in the address. */

export interface SentBefore {
  readonly name: string;
  readonly params: unknown;
}

/** The page of the device, with the form open and filled in. */
export function againAtDevice(device: string, sent: SentBefore): string {
  return `/devices/${encodeURIComponent(device)}?${queryOf(sent).toString()}`;
}

/** The form of group commands, filled in. @param to a selector, or the name of a stored group */
export function againAtGroup(to: string, sent: SentBefore): string {
  const query = queryOf(sent);
  query.set('view', 'groups');
  query.set('to', to);
  return `/commands?${query.toString()}`;
}

function queryOf({ name, params }: SentBefore): URLSearchParams {
  return new URLSearchParams({ send: name, params: JSON.stringify(params) });
}

/** What the address asks to send again; undefined: nothing. */
export function readAgain(query: URLSearchParams): SentBefore | undefined {
  const name = query.get('send');
  if (name === null || name === '') return undefined;
  try {
    return { name, params: JSON.parse(query.get('params') ?? '{}') as unknown };
  } catch {
    return { name, params: {} };
  }
}
