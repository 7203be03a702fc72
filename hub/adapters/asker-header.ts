import type { Asker } from '../cluster/peers.ts';

/** Of requests from another hub: who asked that one. */
export const askerHeader = 'x-hub-asker';

export function askerText(asker: Asker): string {
  return Buffer.from(JSON.stringify(asker)).toString('base64url');
}

/** Of a request whose token has proved that a hub sends it. */
export function askerOf(text: string): Asker {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Asker;
}
