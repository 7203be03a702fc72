import type { Rights } from './operator.ts';

/** A person's account. */
export interface AccountRecord extends Rights {
  name: string;
  /** `passwords.ts` says how. */
  passwordHash: string;
  createdMs: number;
}

/** A program's token. */
export interface TokenRecord extends Rights {
  name: string;
  /** SHA-256 of the token, hex. */
  hash: string;
  createdMs: number;
  /** Unix ms. */
  notAfterMs?: number;
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
