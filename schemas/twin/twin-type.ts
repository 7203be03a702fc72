import type { Ajv2020 } from 'ajv/dist/2020.js';
import { compileCheck } from '../ajv.ts';
import { withSafeIntegers, type ObjectDefinition, type TwinDefinition } from '../device-type-definition.ts';
import type { Check } from '../field-error.ts';
import type { JsonObject } from './merge-patch.ts';

/** The settings of a device type, and the state that its devices can report. */
export interface TwinType {
  checkDesired: Check;
  checkReported: Check;
  desired: ObjectDefinition;
  reported: ObjectDefinition;
  /** The device's own values where nothing is desired; never written into desired. */
  defaults: JsonObject;
}

export function compileTwin(ajv: Ajv2020, { desired, reported }: TwinDefinition): TwinType {
  return {
    checkDesired: compileCheck(ajv, withSafeIntegers(desired)),
    checkReported: compileCheck(ajv, withSafeIntegers(reported)),
    desired,
    reported,
    defaults: defaultsOf(desired),
  };
}

function defaultsOf({ properties = {} }: ObjectDefinition): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, member]): [string, unknown][] => {
      if (member.type === 'array') return [];
      if (member.type !== 'object') return member.default === undefined ? [] : [[name, member.default]];
      const inner = defaultsOf(member);
      return Object.keys(inner).length === 0 ? [] : [[name, inner]];
    }),
  );
}
