import type { Log } from '../kernel/log.ts';
import { HubError, messageOf } from '../kernel/errors.ts';
import { judgeClaims, type ClaimRules, type IdentityProvider, type KeptSignIn } from './identity-provider.ts';
import type { Login } from './failed-logins.ts';
import type { Operators } from './operators.ts';

/** Why a sign-in with the provider came to nothing; the page has words for each. */
export type ProviderFailure = 'provider-failed' | 'no-name' | 'no-role' | 'name-taken' | 'too-many-accounts';

export interface ProviderSignInDeps {
  provider: IdentityProvider;
  rules: ClaimRules;
  operators: Pick<Operators, 'externalLogin' | 'endExternal'>;
  log: Log;
}

/** Signs people in that an identity provider knows: each has an account here, whose rights follow the claims. */
export class ProviderSignIn {
  readonly #deps: ProviderSignInDeps;

  constructor(deps: ProviderSignInDeps) {
    this.#deps = deps;
  }

  get issuer(): string {
    return this.#deps.provider.issuer;
  }

  /** @param returnTo where the browser comes back to @returns undefined when the provider cannot be reached */
  async begin(returnTo: string): Promise<{ address: string; kept: KeptSignIn } | undefined> {
    try {
      return await this.#deps.provider.begin(returnTo);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** @param address at which the browser came back @param network it comes from */
  async finish(
    address: string,
    kept: KeptSignIn,
    network: string,
  ): Promise<Extract<Login, { kind: 'operator' }> | { kind: ProviderFailure }> {
    const { provider, rules, operators } = this.#deps;
    let person;
    try {
      person = await provider.finish(address, kept);
    } catch (error) {
      this.#failed(error);
      return { kind: 'provider-failed' };
    }
    const verdict = judgeClaims(person, rules);
    if (verdict.kind !== 'person') {
      // Who has no role any more is signed out everywhere.
      await operators.endExternal(person);
      this.#deps.log.warn({ subject: person.subject, reason: verdict.kind }, 'not signed in by the provider');
      return verdict;
    }
    try {
      return await operators.externalLogin(person, verdict, network);
    } catch (error) {
      if (error instanceof HubError && error.code === 'input-invalid')
        return { kind: error.details['name'] === 'name' ? 'name-taken' : 'too-many-accounts' };
      throw error;
    }
  }

  #failed(error: unknown): void {
    const cause = error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : undefined;
    this.#deps.log.error({ error: messageOf(error), cause }, 'the identity provider did not sign in');
  }
}
