import type { Account, Token } from '../../schemas/api/operators.ts';
import type { SecondFactor } from './second-factor.ts';

export interface AccountRecord extends Omit<Account, 'twoFactor' | 'provider'> {
  /** `passwords.ts` says how. Empty: who signs in with the identity provider alone. */
  passwordHash: string;
  secondFactor?: SecondFactor;
  /** Who it is for the identity provider. */
  external?: { issuer: string; subject: string };
}

export interface TokenRecord extends Token {
  /** SHA-256 of the token, hex. */
  hash: string;
}

export type AccountChange =
  { kind: 'changed'; record: AccountRecord } | { kind: 'gone' } | { kind: 'last-admin' };

/** Every method may reject with HubError `database-failed`. */
export interface OperatorStore {
  loadAccounts(): Promise<AccountRecord[]>;
  loadTokens(): Promise<TokenRecord[]>;
  /** @returns false: the name is taken */
  addAccount(account: AccountRecord): Promise<boolean>;
  /**
   * @param known as it was last read
   * @param change is given `known` or, when another hub has changed the account since, what is on disk now; perhaps several times.
   *   Nothing is written when it returns what it was given.
   * @param keepsAnAdmin whether it is refused that no admin would be left
   */
  changeAccount(
    known: AccountRecord,
    change: (now: AccountRecord) => AccountRecord,
    options: { keepsAnAdmin: boolean },
  ): Promise<AccountChange>;
  /** @returns false: the name is taken */
  addToken(token: TokenRecord): Promise<boolean>;
  removeAccount(name: string): Promise<void>;
  /** Unless no admin would be left. @returns whether it is gone */
  removeKeepingAnAdmin(name: string): Promise<boolean>;
  removeToken(name: string): Promise<void>;
}
