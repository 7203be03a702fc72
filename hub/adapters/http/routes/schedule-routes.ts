/** Schedules, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { scheduleApi } from '../../../../schemas/api/commands/schedules.ts';
import type { Schedules } from '../../../schedules/schedules.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveSchedules(app: FastifyInstance, schedules: Schedules): void {
  serve(app, scheduleApi.listSchedules, ({ mayShow }) => ({ schedules: schedules.list(mayShow) }));
  serve(app, scheduleApi.addSchedule, (request) => schedules.add(request.body, requesterOf(request).actor), {
    audit: 'schedule.add',
  });
  serve(
    app,
    scheduleApi.changeSchedule,
    (request) => schedules.change(request.params.name, request.body, requesterOf(request).actor),
    { audit: 'schedule.change' },
  );
  serve(app, scheduleApi.pauseSchedule, ({ params, body }) => schedules.pause(params.name, body.paused), {
    audit: 'schedule.pause',
  });
  serve(app, scheduleApi.removeSchedule, ({ params }) => schedules.remove(params.name), {
    audit: 'schedule.remove',
  });
  serve(app, scheduleApi.listScheduleTimes, ({ params, query, mayShow }) => ({
    times: schedules.next(params.name, query.count, mayShow),
  }));
}
