/** The last frames of a device, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { frameApi } from '../../../../schemas/api/frames/frames.ts';
import type { FrameViews } from '../../../admin/frame-views.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveFrames(app: FastifyInstance, frames: Pick<FrameViews, 'list'>): void {
  serve(app, frameApi.listFrames, (request) => {
    const { params, query } = request;
    return frames.list({ device: params.id, ...query }, requesterOf(request));
  });
}
