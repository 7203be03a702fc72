/** What an upgrade request offers besides its header of identity: subprotocols, a web page's credential, its origin. */

import type { IncomingHttpHeaders } from 'node:http';
import { placelessOrigins } from '../../../schemas/config.ts';
import { spoken } from './upgrade-server.ts';

/** A page can set no header, and so it puts its credential behind this, as one more subprotocol. */
const pageCredential = 'hub.auth.';
/** The Arduino library WebSockets offers this when its user names no subprotocol. */
const saysNothing = 'arduino';

export interface Offer {
  /** Whether the device speaks our protocol: one that names none does, because the path carries its version. */
  speaksOurs: boolean;
  /** Credentials of a page, each in the form of an `Authorization` header. */
  pageAuthorizations: readonly string[];
}

export function readOffer(headers: IncomingHttpHeaders): Offer {
  const names = (headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== saysNothing);
  return {
    speaksOurs: names.length === 0 || names.some((name) => spoken.includes(name)),
    pageAuthorizations: names
      .filter((name) => name.startsWith(pageCredential))
      .map((name) => asHeader(name.slice(pageCredential.length))),
  };
}

/** A JWT has dots (RFC 7519 §3), which base64url of `id:secret` has not (RFC 4648 §5). */
function asHeader(credential: string): string {
  if (credential.includes('.')) return `Bearer ${credential}`;
  return `Basic ${Buffer.from(credential, 'base64url').toString('base64')}`;
}

/** The credential of the request, wherever it stands. */
export function authorizationOf(headers: IncomingHttpHeaders): string | undefined {
  return headers.authorization ?? readOffer(headers).pageAuthorizations[0];
}

/**
 * Whether this origin may connect. Pages may when theirs is on the list. The libraries of some devices send an origin
 * too: the hub's own, or none that means anything. Those get in with an `Authorization` header, which no page can set;
 * a browser would add it only for a password that it remembers, and the hub never asks it for one.
 */
export function isOriginAllowed(
  headers: IncomingHttpHeaders,
  { pageAuthorizations }: Offer,
  allowed: readonly string[],
): boolean {
  const { origin, authorization, host } = headers;
  if (origin !== undefined && allowed.includes(origin)) return true;
  if (pageAuthorizations.length > 0) return false;
  if (origin === undefined) return true;
  return authorization !== undefined && (placelessOrigins.includes(origin) || isOwn(origin, host));
}

function isOwn(origin: string, host: string | undefined): boolean {
  const scheme = /^https?:\/\//.exec(origin)?.[0];
  const own = `${scheme ?? ''}${host ?? ''}`;
  // Parsed, so that a default port counts as none and letters as small.
  return (
    scheme !== undefined &&
    URL.canParse(own) &&
    URL.canParse(origin) &&
    new URL(own).origin === new URL(origin).origin
  );
}
