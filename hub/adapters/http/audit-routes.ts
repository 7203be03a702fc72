/** The audit, over HTTP: `GET /api/v1/audit?limit=&before=&actor=&action=&subject=`. */

import type { FastifyInstance } from 'fastify';
import type { AuditQuery, AuditRecord } from '../../audit/audit.ts';
import { wholeNumber } from './query-values.ts';

const maxEntries = 10_000;

export interface AuditOperations {
  /** Oldest first. @throws HubError `database-failed` */
  audit(query: AuditQuery): Promise<AuditRecord[]>;
}

interface Query {
  Querystring: Partial<Record<'limit' | 'before' | 'actor' | 'action' | 'subject', string>>;
}

const text = { type: 'string', minLength: 1, maxLength: 128 };
const querySchema = {
  type: 'object',
  additionalProperties: false,
  properties: { limit: text, before: text, actor: text, action: text, subject: text },
};

/** Adds `/api/v1/audit` to `app`. */
export function serveAudit(app: FastifyInstance, operations: AuditOperations): void {
  app.get<Query>(
    '/api/v1/audit',
    { config: { reach: 'all' }, schema: { querystring: querySchema } },
    async ({ query }) => {
      const { limit, before, ...wanted } = query;
      const entries = await operations.audit({
        ...wanted,
        limit: wholeNumber(limit ?? '100', 'limit', maxEntries),
        ...(before === undefined ? {} : { before: wholeNumber(before, 'before', Number.MAX_SAFE_INTEGER) }),
      });
      return { entries };
    },
  );
}
