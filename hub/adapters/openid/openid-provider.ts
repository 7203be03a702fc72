/** OpenID Connect, by the authorization code flow with PKCE (RFC 9700 §2.1). */

import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  discovery,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  type Configuration,
} from 'openid-client';
import type { IdentityProvider } from '../../operators/identity-provider.ts';

export interface ProviderSource {
  issuer: string;
  clientId: string;
  /** Undefined: a public client, which proves itself by PKCE alone. */
  clientSecret?: string | undefined;
  scopes: readonly string[];
}

/** Until the provider must have answered, s. */
const timeoutSec = 10;

/** What the provider says about itself is asked for at the first sign-in, and again after a failure. */
export function createOpenidProvider({
  issuer,
  clientId,
  clientSecret,
  scopes,
}: ProviderSource): IdentityProvider {
  let known: Promise<Configuration> | undefined;
  // The configuration allows plain HTTP on loopback alone.
  const execute = issuer.startsWith('http:') ? [allowInsecureRequests] : [];
  const options = { execute, timeout: timeoutSec };
  const configuration = (): Promise<Configuration> => {
    const asked = known ?? discovery(new URL(issuer), clientId, clientSecret, undefined, options);
    known = asked;
    asked.catch(() => {
      known = undefined;
    });
    return asked;
  };
  return {
    issuer,
    async begin(returnTo) {
      const kept = { state: randomState(), nonce: randomNonce(), verifier: randomPKCECodeVerifier() };
      const address = buildAuthorizationUrl(await configuration(), {
        redirect_uri: returnTo,
        scope: scopes.join(' '),
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: 'S256',
      });
      return { address: address.href, kept };
    },
    async finish(address, { state, nonce, verifier }) {
      const tokens = await authorizationCodeGrant(await configuration(), new URL(address), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (claims === undefined) throw new Error('the provider sent no ID token');
      return { issuer: claims.iss, subject: claims.sub, claims };
    },
  };
}
