import type { FastifyRequest } from 'fastify';
import { sessionCookie } from '../../../schemas/api/document/openapi.ts';

export interface CookieRules {
  /** Only over https. Over plain HTTP on loopback a browser would drop such a cookie. */
  secure: boolean;
  /** How long the browser keeps it, s; undefined: until it is closed. */
  maxAgeSec: number | undefined;
}

/** The header that sets the session's cookie. */
export function cookieHeader(value: string, { secure, maxAgeSec }: CookieRules): string {
  const age = maxAgeSec === undefined ? '' : `; Max-Age=${maxAgeSec}`;
  return `${sessionCookie}=${value}; Path=/; HttpOnly; SameSite=Strict${age}${secure ? '; Secure' : ''}`;
}

/** The session's cookie; empty when the request has none. */
export function cookieOf({ headers }: Pick<FastifyRequest, 'headers'>): string {
  return new RegExp(`(?:^|; )${sessionCookie}=([A-Za-z0-9_-]+)`).exec(headers.cookie ?? '')?.[1] ?? '';
}
