import type { Rights } from '../../schemas/api/operators.ts';
import type { RoleRule } from '../../schemas/api/roles.ts';
import { operatorNamePattern } from '../../schemas/limits.ts';

/** Signs people in for other programs (OpenID Connect Core 1.0). */
export interface IdentityProvider {
  /** Its address, by which it is known. */
  readonly issuer: string;
  /**
   * @param returnTo where the provider sends the browser back to
   * @returns where to send the browser, and what it keeps until it comes back
   * @throws when the provider cannot be reached
   */
  begin(returnTo: string): Promise<{ address: string; kept: KeptSignIn }>;
  /**
   * @param address at which the browser came back
   * @throws when what came back is not what was begun, or the provider does not confirm it
   */
  finish(address: string, kept: KeptSignIn): Promise<ExternalPerson>;
}

/** What ties the end of a sign-in to its beginning: nobody else's can be slipped in. */
export interface KeptSignIn {
  readonly state: string;
  readonly nonce: string;
  /** RFC 7636. */
  readonly verifier: string;
}

/** Who somebody is for the provider. */
export interface ExternalPerson {
  readonly issuer: string;
  /** Never changes and is never given to another person. */
  readonly subject: string;
  /** What the provider says about the person. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Which claims say what. */
export interface ClaimRules {
  readonly nameClaim: string;
  readonly roleClaim: string;
  /** The first that matches counts. */
  readonly roles: readonly RoleRule[];
}

export type ClaimVerdict =
  | { kind: 'person'; name: string; rights: Rights }
  /** The provider gives no name that an account may have. */
  | { kind: 'no-name' }
  /** Nothing in the claims has a role here. */
  | { kind: 'no-role' };

/** Name and rights of a person by the claims of the provider. Pure. */
export function judgeClaims({ claims }: ExternalPerson, rules: ClaimRules): ClaimVerdict {
  const name = claims[rules.nameClaim];
  if (typeof name !== 'string' || !operatorNamePattern.test(name)) return { kind: 'no-name' };
  const given = claims[rules.roleClaim];
  const values: unknown[] = Array.isArray(given) ? given : [given];
  const rule = rules.roles.find(({ value }) => values.includes(value));
  if (rule === undefined) return { kind: 'no-role' };
  const { role, devices, safety } = rule;
  return { kind: 'person', name, rights: { role, devices, safety } };
}
