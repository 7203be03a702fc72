/** Incidents, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { incidentApi } from '../../../../schemas/api/incidents.ts';
import type { AdminOperations } from '../../../admin/admin-operations.ts';
import { serve } from './serve-operation.ts';

export function serveIncidents(app: FastifyInstance, operations: Pick<AdminOperations, 'incidents'>): void {
  serve(app, incidentApi.listIncidents, async ({ mayShow }) => ({
    incidents: await operations.incidents(mayShow),
  }));
}
