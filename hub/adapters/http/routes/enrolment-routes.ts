/** Enrolment tokens and requests, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { enrolmentApi } from '../../../../schemas/api/enrolments.ts';
import type { Enrolments } from '../../../identity/enrolment.ts';
import { serve } from './serve-operation.ts';

export type EnrolmentOperations = Pick<Enrolments, 'create' | 'list' | 'revoke' | 'requests' | 'decide'>;

export function serveEnrolments(app: FastifyInstance, enrolments: EnrolmentOperations): void {
  serve(
    app,
    enrolmentApi.listEnrolments,
    () => ({ enrolments: enrolments.list(), requests: enrolments.requests() }),
    { reach: 'all' },
  );
  serve(app, enrolmentApi.createEnrolment, ({ body }) => enrolments.create(body), {
    audit: 'enrolment.create',
  });
  serve(app, enrolmentApi.revokeEnrolment, ({ params }) => enrolments.revoke(params.id), {
    audit: 'enrolment.revoke',
  });
  serve(app, enrolmentApi.approveEnrolment, ({ params }) => enrolments.decide(params.id, true), {
    audit: 'enrolment.approve',
  });
  serve(app, enrolmentApi.denyEnrolment, ({ params }) => enrolments.decide(params.id, false), {
    audit: 'enrolment.deny',
  });
}
