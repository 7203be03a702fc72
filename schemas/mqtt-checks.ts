import { compileCheck, createAjv } from './ajv.ts';
import type { Check } from './field-error.ts';
import command from './mqtt/command.schema.json' with { type: 'json' };
import event from './mqtt/event.schema.json' with { type: 'json' };
import hub from './mqtt/hub.schema.json' with { type: 'json' };
import incident from './mqtt/incident.schema.json' with { type: 'json' };
import presence from './mqtt/presence.schema.json' with { type: 'json' };
import status from './mqtt/status.schema.json' with { type: 'json' };
import telemetry from './mqtt/telemetry.schema.json' with { type: 'json' };

const ajv = createAjv();

/** The payloads of the MQTT topics; pointers are into the payload. `presence` also serves `presence-change`. */
export const mqttChecks = Object.freeze({
  command: compileCheck(ajv, command),
  status: compileCheck(ajv, status),
  presence: compileCheck(ajv, presence),
  hub: compileCheck(ajv, hub),
  incident: compileCheck(ajv, incident),
  telemetry: compileCheck(ajv, telemetry),
  event: compileCheck(ajv, event),
} satisfies Record<string, Check>);
