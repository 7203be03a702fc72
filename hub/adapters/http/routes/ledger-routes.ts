/** The ledger, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { ledgerApi } from '../../../../schemas/api/telemetry/ledger.ts';
import type { TelemetryOperations } from '../../../admin/telemetry-operations.ts';
import { serve } from './serve-operation.ts';

export function serveLedger(app: FastifyInstance, operations: Pick<TelemetryOperations, 'ledger'>): void {
  serve(app, ledgerApi.showLedger, ({ query, mayShow }) => operations.ledger(query.device, mayShow));
}
