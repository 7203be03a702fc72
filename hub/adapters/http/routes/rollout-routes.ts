/** Rollouts, over HTTP. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { rolloutApi } from '../../../../schemas/api/firmware/rollouts.ts';
import type { RolloutCaller } from '../../../firmware/rollouts/new-rollout.ts';
import type { RolloutOperations } from '../../../firmware/rollouts/rollout-operations.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveRollouts(app: FastifyInstance, rollouts: RolloutOperations): void {
  serve(
    app,
    rolloutApi.startRollout,
    async (request, reply) => {
      if (request.body.dryRun === true) return rollouts.preview(request.body, callerOf(request));
      const started = await rollouts.start(request.body, callerOf(request));
      reply.code(started.repeated ? 200 : 202);
      return started;
    },
    { reach: 'own', audit: 'rollout.start' },
  );
  serve(app, rolloutApi.listRollouts, async ({ query, mayShow }) => ({
    rollouts: await rollouts.list(query.limit, mayShow),
  }));
  serve(app, rolloutApi.showRollout, ({ params, mayShow }) => rollouts.show(params.id, mayShow));
  serve(app, rolloutApi.listRolloutDevices, ({ params, query, mayShow }) =>
    rollouts.devices(params.id, query, mayShow),
  );
  serve(app, rolloutApi.listDeviceUpdates, async ({ params, query }) => ({
    updates: await rollouts.updatesOf(params.id, query.limit),
  }));
  for (const what of ['pause', 'resume', 'cancel'] as const) {
    serve(
      app,
      rolloutApi[`${what}Rollout`],
      (request) => rollouts.change(request.params.id, what, callerOf(request)),
      { reach: 'own', audit: `rollout.${what}` },
    );
  }
}

function callerOf(request: FastifyRequest): RolloutCaller {
  return { requester: requesterOf(request), may: request.mayUpdate };
}
