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
import firmwareStatus from './firmware-status.schema.json' with { type: 'json' };
import twin from './twin.schema.json' with { type: 'json' };
import twinDesired from './twin-desired.schema.json' with { type: 'json' };

const ajv = createAjv();

/** The JSON Schemas of the payloads of the MQTT topics. `presence` also serves `presence-change`. */
export const mqttSchemas = {
  command: command,
  'group-command': groupCommand,
  'group-status': groupStatus,
  status: status,
  presence: presence,
  hub: hub,
  incident: incident,
  alarm: alarm,
  telemetry: telemetry,
  event: event,
  'firmware-status': firmwareStatus,
  twin: twin,
  'twin-desired': twinDesired,
} as const satisfies Record<string, object>;

/** The checks of the payloads; pointers are into the payload. */
export const mqttChecks = Object.freeze(
  Object.fromEntries(
    Object.entries<object>(mqttSchemas).map(([name, schema]) => [name, compileCheck(ajv, schema)]),
  ) as Record<keyof typeof mqttSchemas, Check>,
);
