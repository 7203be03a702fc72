import type { Operator } from '../../schemas/api/operators.ts';
import type { Operators } from './operators.ts';

/**
 * Who a client of the embedded broker is without a user name; undefined: such clients are refused.
 * @param configured not given: they are operators if only this machine reaches the broker
 */
export function anonymousOperator(
  configured: 'viewer' | 'operator' | 'off' | undefined,
  onLoopback: boolean,
): Operator | undefined {
  const role = configured ?? (onLoopback ? 'operator' : 'off');
  return role === 'off' ? undefined : { actor: 'anonymous', role, devices: '*', safety: 'critical' };
}

/**
 * Signs clients of the embedded broker in: a token as the password, or an account and its password. MQTT has no place for a code,
 * so an account with a second factor has none here.
 * @returns a function that gives the operator, undefined for nobody; `network` is where the client comes from
 */
export function brokerSignIn(
  operators: Pick<Operators, 'tokens' | 'login'>,
  anonymous: Operator | undefined,
): (username: string | undefined, password: string, network: string) => Promise<Operator | undefined> {
  return async (username, password, network) => {
    if (username === undefined && password === '') return anonymous;
    const byToken = operators.tokens.byToken(password);
    if (byToken !== undefined) return byToken;
    const login = await operators.login(username ?? '', password, network, { origin: 'mqtt' });
    return login.kind === 'operator' ? login.operator : undefined;
  };
}
