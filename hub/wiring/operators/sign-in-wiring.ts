import type { Access } from '../../adapters/http/operator-login.ts';
import { createOpenidProvider } from '../../adapters/openid/openid-provider.ts';
import type { Operators } from '../../operators/operators.ts';
import { OwnAccount } from '../../operators/own-account.ts';
import { ProviderSignIn } from '../../operators/provider-sign-in.ts';
import type { SecondFactors } from '../../operators/second-factor.ts';
import type { HubContext } from '../context.ts';

/** How people sign in besides name and password, and what they change of that. */
export function createSignIn(
  { config: { oidc }, clock, log }: HubContext,
  operators: Operators,
  factors: SecondFactors,
): Pick<Access, 'own' | 'provider'> {
  const own = new OwnAccount({ operators, factors, clock });
  if (oidc === undefined) return { own };
  return {
    own,
    provider: new ProviderSignIn({ provider: createOpenidProvider(oidc), rules: oidc, operators, log }),
  };
}
