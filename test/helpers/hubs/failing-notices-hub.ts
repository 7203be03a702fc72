/** The hub with a fault planted in it: it stumbles over a notice for later, and refuses all others. */
import { HubError } from '../../../hub/kernel/errors.ts';
import { Notices } from '../../../hub/notices/notices.ts';
import type { NoticeRequest } from '../../../schemas/api/notices.ts';

Notices.prototype.push = async ({ atMs }: NoticeRequest) => {
  const fault = atMs !== undefined && atMs > Date.now();
  return Promise.reject(
    fault ? new TypeError('a fault on purpose') : new HubError('input-invalid', 'no notices'),
  );
};

await import('../../../hub/main.ts');
