/** The hub at a glance and its clock, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { hubApi, type HubSnapshot } from '../../../../schemas/api/hub.ts';
import type { AnswerOf } from '../../../../schemas/api/operation.ts';
import type { MayShow } from '../../../registry/visibility.ts';
import { serve } from './serve-operation.ts';

export interface HubOperations {
  /** @param mayShow not given: of all devices */
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
  /** An operator says that the machine's clock is right. */
  acceptClock(): AnswerOf<typeof hubApi.acceptClock>;
}

export function serveHub(app: FastifyInstance, operations: HubOperations): void {
  serve(app, hubApi.showHub, ({ mayShow }) => operations.hub(mayShow));
  serve(app, hubApi.acceptClock, () => operations.acceptClock(), { audit: 'clock.accept' });
}
