import { HubError } from '../kernel/errors.ts';

/** @throws HubError `input-invalid` */
export function demandPassword(password: string, field: string): void {
  if (password.length < 12 || password.length > 1_024) throw wrongProof(field, '12 to 1,024 characters');
}

/** What somebody typed is not what it must be. It is not repeated. */
export function wrongProof(field: string, expected: string): HubError {
  const errors = [{ path: `/${field}`, keyword: 'const', expected, got: 'something else' }];
  return new HubError('input-invalid', `${field} must be ${expected}`, { details: { name: field, errors } });
}

/** A member of a request that is not what it must be. */
export function invalidMember(name: string, rule: string): HubError {
  return new HubError('input-invalid', `${name} must be ${rule}`, { details: { name } });
}
