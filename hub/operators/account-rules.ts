import type { Rights } from '../../schemas/api/operators.ts';
import { HubError } from '../kernel/errors.ts';
import type { ExternalPerson } from './identity-provider.ts';
import type { AccountRecord } from './operator-store.ts';
import { hashToken } from './passwords.ts';
import { invalidMember } from './proof-faults.ts';

export function isPerson(
  { external }: AccountRecord,
  { issuer, subject }: Pick<ExternalPerson, 'issuer' | 'subject'>,
): boolean {
  return external?.issuer === issuer && external.subject === subject;
}

export function lastAdmin(): HubError {
  return invalidMember('name', 'an account other than the last admin');
}

export function nameTaken(): HubError {
  return invalidMember('name', 'a name that no other account has');
}

export function accountUnknown(name: string): HubError {
  return new HubError('operator-unknown', name, { details: { name } });
}

export function hasRights(account: Rights, { role, devices, safety }: Rights): boolean {
  return account.role === role && account.devices === devices && account.safety === safety;
}

/** What a session of the account was opened under. */
export function grantOfAccount(account: AccountRecord | undefined): string | undefined {
  if (account === undefined) return undefined;
  const { passwordHash, secondFactor, role, devices, safety } = account;
  const proofs = secondFactor === undefined ? [passwordHash] : [passwordHash, secondFactor.secret];
  return hashToken(JSON.stringify([...proofs, role, devices, safety]));
}
