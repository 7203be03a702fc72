import { compileFrameCheck, createAjv } from '../ajv.ts';
import type { DeviceFrame } from './device-frames.ts';
import type { Check } from '../field-error.ts';
import { deviceFrameSchemas, hubFrameSchemas } from './frame-schemas.ts';
import type { HubFrame } from './hub-frames.ts';

const ajv = createAjv();

/**
 * Checks the envelopes that a device sends, by `type`; errors have `in: 'frame'`. `data` and `output` may be anything here:
 * the stream, event or command checks them. A valid frame allocates nothing, because this runs for each message.
 */
export const deviceFrameChecks = checksOf<DeviceFrame['type']>(deviceFrameSchemas);

/** Checks the envelopes that the hub sends, by `type`; errors have `in: 'frame'`. */
export const hubFrameChecks = checksOf<HubFrame['type']>(hubFrameSchemas);

function checksOf<Type extends string>(
  schemas: Readonly<Record<Type, object>>,
): Readonly<Record<Type, Check>> {
  const checks = Object.entries<object>(schemas).map(([type, schema]) => [
    type,
    compileFrameCheck(ajv, schema),
  ]);
  return Object.freeze(Object.fromEntries(checks) as Record<Type, Check>);
}
