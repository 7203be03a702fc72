import type { DeviceFrame } from './device-frames.ts';
import type { HubFrame } from './hub-frames.ts';
import ack from './ack.schema.json' with { type: 'json' };
import bye from './bye.schema.json' with { type: 'json' };
import cancel from './cancel.schema.json' with { type: 'json' };
import command from './command.schema.json' with { type: 'json' };
import credential from './credential.schema.json' with { type: 'json' };
import desired from './desired.schema.json' with { type: 'json' };
import drain from './drain.schema.json' with { type: 'json' };
import event from './event.schema.json' with { type: 'json' };
import heartbeatReply from './heartbeat-reply.schema.json' with { type: 'json' };
import heartbeat from './heartbeat.schema.json' with { type: 'json' };
import hello from './hello.schema.json' with { type: 'json' };
import log from './log.schema.json' with { type: 'json' };
import nack from './nack.schema.json' with { type: 'json' };
import notice from './notice.schema.json' with { type: 'json' };
import progress from './progress.schema.json' with { type: 'json' };
import recall from './recall.schema.json' with { type: 'json' };
import received from './received.schema.json' with { type: 'json' };
import reported from './reported.schema.json' with { type: 'json' };
import result from './result.schema.json' with { type: 'json' };
import telemetry from './telemetry.schema.json' with { type: 'json' };
import update from './update.schema.json' with { type: 'json' };
import updateStatus from './update-status.schema.json' with { type: 'json' };
import welcome from './welcome.schema.json' with { type: 'json' };

/** The JSON Schemas of the frames that a device sends, by `type`. */
export const deviceFrameSchemas = {
  hello,
  telemetry,
  event,
  log,
  heartbeat,
  received,
  progress,
  result,
  reported,
  'update-status': updateStatus,
  bye,
} as const satisfies Record<DeviceFrame['type'], object>;

/** The JSON Schemas of the frames that the hub sends, by `type`. */
export const hubFrameSchemas = {
  welcome,
  ack,
  nack,
  heartbeat: heartbeatReply,
  command,
  cancel,
  recall,
  notice,
  desired,
  update,
  credential,
  drain,
} as const satisfies Record<HubFrame['type'], object>;
