/** The audit, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { auditApi, type AuditQuery, type AuditRecord } from '../../../../schemas/api/audit.ts';
import { serve } from './serve-operation.ts';

export interface AuditOperations {
  /** Oldest first. @throws HubError `database-failed` */
  audit(query: AuditQuery): Promise<AuditRecord[]>;
}

export function serveAudit(app: FastifyInstance, operations: AuditOperations): void {
  serve(app, auditApi.listAudit, async ({ query }) => ({ entries: await operations.audit(query) }), {
    reach: 'all',
  });
}
