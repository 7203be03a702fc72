import type { AccountRecord, OperatorStore, TokenRecord } from '../../operators/operator-store.ts';
import { jsonTable, jsonTableMigration } from './json-table.ts';
import type { Database } from './sqlite.ts';

export const operatorMigrations: readonly string[] = [
  jsonTableMigration('operator_account'),
  jsonTableMigration('operator_token'),
];

/** Accounts and tokens of operators, in `state.db` (`operatorMigrations` applied). */
export function createOperatorStore(db: Database): OperatorStore {
  const accounts = jsonTable<AccountRecord>(db, 'operator_account');
  const tokens = jsonTable<TokenRecord>(db, 'operator_token');
  return {
    loadAccounts: () => accounts.load(),
    loadTokens: () => tokens.load(),
    saveAccount: (account) => accounts.save(account.name, account),
    saveToken: (token) => tokens.save(token.name, token),
    removeAccount: (name) => accounts.remove(name),
    removeToken: (name) => tokens.remove(name),
  };
}
