/** The hub at a glance, its clock, and the hubs that are one with it, over HTTP. */

import type { FastifyInstance } from 'fastify';
import {
  hubApi,
  type ClusterStatus,
  type ConfigSetting,
  type FleetSample,
  type HubSnapshot,
} from '../../../../schemas/api/hub.ts';
import type { AnswerOf } from '../../../../schemas/api/operation.ts';
import type { MayShow } from '../../../registry/visibility.ts';
import { serve } from './serve-operation.ts';

export interface HubOperations {
  /** @param mayShow not given: of all devices */
  hub(mayShow?: MayShow): Promise<HubSnapshot>;
  fleetCourse(): Promise<FleetSample[]>;
  /** An operator says that the machine's clock is right. */
  acceptClock(): AnswerOf<typeof hubApi.acceptClock>;
}

export function serveHub(
  app: FastifyInstance,
  operations: HubOperations,
  around: { cluster: () => Promise<ClusterStatus>; settings: readonly ConfigSetting[] },
): void {
  serve(app, hubApi.showCluster, () => around.cluster());
  serve(app, hubApi.showConfig, () => ({ settings: [...around.settings] }));
  serve(app, hubApi.showFleetCourse, async () => ({ samples: await operations.fleetCourse() }), {
    reach: 'all',
  });
  serve(app, hubApi.showHub, ({ mayShow }) => operations.hub(mayShow));
  serve(app, hubApi.acceptClock, () => operations.acceptClock(), { audit: 'clock.accept' });
}
