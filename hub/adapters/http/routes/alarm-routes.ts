/** Alarms and silences, over HTTP. */

import type { FastifyInstance } from 'fastify';
import { alarmApi } from '../../../../schemas/api/alarms.ts';
import type { AlarmOperations } from '../../../alarms/alarm-operations.ts';
import { requesterOf } from './command-routes.ts';
import { serve } from './serve-operation.ts';

export function serveAlarms(app: FastifyInstance, operations: AlarmOperations): void {
  serve(app, alarmApi.listAlarms, ({ query, mayShow }) => operations.list(query, mayShow));
  serve(
    app,
    alarmApi.acknowledgeAlarms,
    (request) => {
      const { alarms, note } = request.body;
      const { mayShow } = request;
      return operations.acknowledge({ alarms, note, requester: requesterOf(request), mayShow });
    },
    { audit: 'alarm.acknowledge', auditsItself: true, reach: 'own' },
  );
  serve(app, alarmApi.listSilences, ({ mayShow }) => ({ silences: operations.silences(mayShow) }));
  serve(app, alarmApi.addSilence, (request) => operations.silence(request.body, requesterOf(request)), {
    audit: 'silence.add',
    auditsItself: true,
  });
  serve(app, alarmApi.removeSilence, ({ params }) => operations.endSilence(params.id), {
    audit: 'silence.remove',
  });
}
