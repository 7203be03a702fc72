/** The way to the identity provider and back, which browsers go by links: no operation of the API. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { KeptSignIn } from '../../operators/identity-provider.ts';
import type { ProviderSignIn } from '../../operators/provider-sign-in.ts';
import { networkOf } from '../client-address.ts';
import { openSession } from './opened-session.ts';
import type { Access } from './operator-login.ts';

const begin = '/sign-in/oidc';
const back = '/sign-in/oidc/callback';
/** What the browser keeps meanwhile. Not `Strict`: it comes back by a link of the provider's. */
const keptCookie = 'hub_sign_in';
const keptSec = 600;

export function serveProvider(app: FastifyInstance, access: Access, signIn: ProviderSignIn): void {
  const config = { needs: 'nobody' } as const;
  app.get(begin, { config }, async (request, reply) => {
    const origin = originOf(request, access);
    const begun = await signIn.begin(`${origin}${back}`);
    if (begun === undefined) return failed(reply, 'provider-failed');
    const kept = Buffer.from(JSON.stringify(begun.kept)).toString('base64url');
    keep(reply, kept, keptSec, origin.startsWith('https:'));
    return reply.redirect(begun.address);
  });

  app.get(back, { config }, async (request, reply) => {
    const origin = originOf(request, access);
    const secure = origin.startsWith('https:');
    const kept = keptOf(request);
    keep(reply, '', 0, secure);
    if (kept === undefined) return failed(reply, 'too-late');
    const network = networkOf(request.ip);
    const login = await signIn.finish(`${origin}${request.url}`, kept, network);
    if (login.kind !== 'operator') return failed(reply, login.kind);
    await openSession(access, request, reply, { operator: login.operator, kind: 'browser', secure });
    return reply.redirect('/');
  });
}

function failed(reply: FastifyReply, reason: string): FastifyReply {
  return reply.redirect(`/#sign-in-failed=${reason}`);
}

function keep(reply: FastifyReply, value: string, maxAgeSec: number, secure: boolean): void {
  const rules = `Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSec}${secure ? '; Secure' : ''}`;
  reply.header('set-cookie', `${keptCookie}=${value}; ${rules}`);
}

/** The origin by which the browser knows the console: a proxy before it may add TLS. */
function originOf({ host, socket }: FastifyRequest, access: Access): string {
  const origins = access.origins(socket.localPort ?? 0);
  return origins.find((origin) => new URL(origin).host === host.toLowerCase()) ?? `http://${host}`;
}

function keptOf({ headers }: FastifyRequest): KeptSignIn | undefined {
  const text = new RegExp(`(?:^|; )${keptCookie}=([A-Za-z0-9_-]+)`).exec(headers.cookie ?? '')?.[1];
  if (text === undefined) return undefined;
  try {
    const { state, nonce, verifier } = JSON.parse(
      Buffer.from(text, 'base64url').toString(),
    ) as Partial<KeptSignIn>;
    return typeof state === 'string' && typeof nonce === 'string' && typeof verifier === 'string'
      ? { state, nonce, verifier }
      : undefined;
  } catch {
    return undefined;
  }
}
