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

/** Every method may reject with HubError `database-failed`. */
export interface OperatorStore {
  loadAccounts(): Promise<AccountRecord[]>;
  loadTokens(): Promise<TokenRecord[]>;
  /** Adds it, or replaces the one of this name. */
  saveAccount(account: AccountRecord): Promise<void>;
  /** As `saveAccount`, unless no admin would be left. @returns whether it was saved */
  saveKeepingAnAdmin(account: AccountRecord): Promise<boolean>;
  saveToken(token: TokenRecord): Promise<void>;
  removeAccount(name: string): Promise<void>;
  /** As `removeAccount`, unless no admin would be left. @returns whether it is gone */
  removeKeepingAnAdmin(name: string): Promise<boolean>;
  removeToken(name: string): Promise<void>;
}
