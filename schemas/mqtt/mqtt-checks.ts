import { compileCheck, createAjv } from '../ajv.ts';
import type { Check } from '../field-error.ts';
import alarm from './alarm.schema.json' with { type: 'json' };
import command from './command.schema.json' with { type: 'json' };
import event from './event.schema.json' with { type: 'json' };
import groupCommand from './group-command.schema.json' with { type: 'json' };
import groupStatus from './group-status.schema.json' with { type: 'json' };
import hub from './hub.schema.json' with { type: 'json' };
import incident from './incident.schema.json' with { type: 'json' };
import presence from './presence.schema.json' with { type: 'json' };
import status from './status.schema.json' with { type: 'json' };
import telemetry from './telemetry.schema.json' with { type: 'json' };
import twin from './twin.schema.json' with { type: 'json' };
import twinDesired from './twin-desired.schema.json' with { type: 'json' };

const ajv = createAjv();

/** The payloads of the MQTT topics; pointers are into the payload. `presence` also serves `presence-change`. */
export const mqttChecks = Object.freeze({
  command: compileCheck(ajv, command),
  'group-command': compileCheck(ajv, groupCommand),
  'group-status': compileCheck(ajv, groupStatus),
  status: compileCheck(ajv, status),
  presence: compileCheck(ajv, presence),
  hub: compileCheck(ajv, hub),
  incident: compileCheck(ajv, incident),
  alarm: compileCheck(ajv, alarm),
  telemetry: compileCheck(ajv, telemetry),
  event: compileCheck(ajv, event),
  twin: compileCheck(ajv, twin),
  'twin-desired': compileCheck(ajv, twinDesired),
} satisfies Record<string, Check>);
