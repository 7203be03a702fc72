import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { Provider } from 'oidc-provider';

export interface OpenidProvider {
  readonly issuer: string;
  readonly client: { readonly id: string; readonly secret: string };
  /** What it says about each person who signs in, by the name that is typed; changed by the test. */
  readonly groups: Map<string, readonly string[]>;
}

/** A real OpenID Connect provider on this machine, with pages to sign in at: any password is right. */
export async function startOpenidProvider(t: TestContext, returnTo: string): Promise<OpenidProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const issuer = `http://127.0.0.1:${port}`;
  const client = { id: 'hub', secret: 'known to the hub and the provider' };
  const groups = new Map<string, readonly string[]>();
  const provider = new Provider(issuer, {
    clients: [{ client_id: client.id, client_secret: client.secret, redirect_uris: [returnTo] }],
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    // So that the claims are in the ID token, as most providers have them.
    conformIdTokenClaims: false,
    cookies: { keys: ['of this test'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, groups: groups.get(id) ?? [] }),
    }),
  });
  const serve = provider.callback();
  server.on('request', (request, response) => void serve(request, response));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
  return { issuer, client, groups };
}
