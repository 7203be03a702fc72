import type { AccountRecord, OperatorStore, TokenRecord } from '../../../hub/operators/operator-store.ts';

/** Accounts and tokens in memory. @param adminStays false: another hub has taken all other admins in the meantime */
export class MemoryOperators implements OperatorStore {
  readonly accounts: Map<string, AccountRecord>;
  readonly #tokens: Map<string, TokenRecord>;
  readonly #adminStays: boolean;

  constructor(
    accounts: readonly AccountRecord[] = [],
    tokens: readonly TokenRecord[] = [],
    { adminStays = true } = {},
  ) {
    this.accounts = new Map(accounts.map((account) => [account.name, account]));
    this.#tokens = new Map(tokens.map((token) => [token.name, token]));
    this.#adminStays = adminStays;
  }

  async loadAccounts(): Promise<AccountRecord[]> {
    return [...this.accounts.values()];
  }

  async loadTokens(): Promise<TokenRecord[]> {
    return [...this.#tokens.values()];
  }

  async addAccount(account: AccountRecord): Promise<boolean> {
    if (this.accounts.has(account.name)) return false;
    this.accounts.set(account.name, account);
    return true;
  }

  async changeAccount(
    { name }: AccountRecord,
    change: (now: AccountRecord) => AccountRecord,
    { keepsAnAdmin }: { keepsAnAdmin: boolean },
  ): ReturnType<OperatorStore['changeAccount']> {
    const now = this.accounts.get(name);
    if (now === undefined) return { kind: 'gone' };
    const record = change(now);
    if (keepsAnAdmin && !this.#adminStays && record.role !== 'admin') return { kind: 'last-admin' };
    this.accounts.set(name, record);
    return { kind: 'changed', record };
  }

  async addToken(token: TokenRecord): Promise<boolean> {
    if (this.#tokens.has(token.name)) return false;
    this.#tokens.set(token.name, token);
    return true;
  }

  async removeAccount(name: string): Promise<void> {
    this.accounts.delete(name);
  }

  async removeKeepingAnAdmin(name: string): Promise<boolean> {
    if (!this.#adminStays) return false;
    this.accounts.delete(name);
    return true;
  }

  async removeToken(name: string): Promise<void> {
    this.#tokens.delete(name);
  }
}
