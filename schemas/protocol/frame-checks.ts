import type { DeviceFrame } from './device-frames.ts';
import type { Check } from '../field-error.ts';
import type { HubFrame } from './hub-frames.ts';
import { compileFrameCheck, createAjv } from '../ajv.ts';
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

const ajv = createAjv();

/**
 * The envelopes a device sends, by `type`; errors have `in: 'frame'`. `data` and `output` are free here: the
 * stream, event or command judges them. Nothing is allocated for a valid frame: this runs once a message.
 */
export const deviceFrameChecks: Readonly<Record<DeviceFrame['type'], Check>> = Object.freeze({
  hello: compileFrameCheck(ajv, hello),
  telemetry: compileFrameCheck(ajv, telemetry),
  event: compileFrameCheck(ajv, event),
  log: compileFrameCheck(ajv, log),
  heartbeat: compileFrameCheck(ajv, heartbeat),
  received: compileFrameCheck(ajv, received),
  progress: compileFrameCheck(ajv, progress),
  result: compileFrameCheck(ajv, result),
  reported: compileFrameCheck(ajv, reported),
  'update-status': compileFrameCheck(ajv, updateStatus),
  bye: compileFrameCheck(ajv, bye),
});

/** The envelopes the hub sends, by `type`; errors have `in: 'frame'`. */
export const hubFrameChecks: Readonly<Record<HubFrame['type'], Check>> = Object.freeze({
  welcome: compileFrameCheck(ajv, welcome),
  ack: compileFrameCheck(ajv, ack),
  nack: compileFrameCheck(ajv, nack),
  heartbeat: compileFrameCheck(ajv, heartbeatReply),
  command: compileFrameCheck(ajv, command),
  cancel: compileFrameCheck(ajv, cancel),
  recall: compileFrameCheck(ajv, recall),
  notice: compileFrameCheck(ajv, notice),
  desired: compileFrameCheck(ajv, desired),
  update: compileFrameCheck(ajv, update),
  credential: compileFrameCheck(ajv, credential),
  drain: compileFrameCheck(ajv, drain),
});
