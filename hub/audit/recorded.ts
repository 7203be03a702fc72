import type { Requester } from '../../schemas/api/requester.ts';
import type { AuditAction } from './audit-action.ts';
import type { Auditor } from './audit.ts';

/**
 * An operation whose every call is in the audit, with how it ended.
 * @param subject what a call is about, from its arguments
 */
export function recorded<Args extends unknown[], Result>(
  { audit, requester }: { audit: Auditor; requester: Requester },
  action: AuditAction,
  subject: (...args: Args) => string,
  run: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    let outcome = 'refused';
    try {
      const result = await run(...args);
      outcome = 'done';
      return result;
    } finally {
      await audit.record({ ...requester, action, subject: subject(...args), outcome });
    }
  };
}
