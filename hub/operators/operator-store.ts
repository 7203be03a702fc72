import type { Account, Token } from '../../schemas/api/operators.ts';

export interface AccountRecord extends Account {
  /** `passwords.ts` says how. */
  passwordHash: string;
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
  saveToken(token: TokenRecord): Promise<void>;
  removeAccount(name: string): Promise<void>;
  removeToken(name: string): Promise<void>;
}
