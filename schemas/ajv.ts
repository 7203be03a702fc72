import { Ajv2020, type AnySchemaObject, type ErrorObject } from 'ajv/dist/2020.js';
import { describeError, type Check, type FieldError } from './field-error.ts';
import { withNearestField } from './nearest-field.ts';
import { requiredChoice } from './required-choice.ts';

/**
 * Makes an Ajv for draft 2020-12. It is strict, so an unknown keyword is a fault. It looks at own properties only, so
 * `toString` is not a field. It stops at the first error; `allErrors` is for input of our own.
 */
export function createAjv(options: { allErrors?: boolean } = {}): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    ownProperties: true,
    allErrors: options.allErrors ?? false,
    // Tests check our schemas against the draft's meta-schema. Device types are checked against our own closed one.
    meta: false,
    validateSchema: false,
  });
  ajv.removeKeyword('anyOf');
  ajv.addKeyword(requiredChoice);
  // Annotations of device types, which check nothing.
  ajv.addVocabulary(['unit', 'x-tag', 'x-low', 'x-high', 'x-delaySec', 'x-hysteresis', 'x-step']);
  return ajv;
}

/** A check whose errors have pointers into the value. */
export function compileCheck(ajv: Ajv2020, schema: AnySchemaObject): Check {
  const validate = ajv.compile(schema);
  const properties = (schema['properties'] ?? {}) as Record<string, unknown>;
  return (value) =>
    validate(value)
      ? undefined
      : withNearestField(describeError(firstOf(validate.errors), value), properties, value);
}

/** As `compileCheck`, for values that may be left out: undefined counts as `{}`. */
export function compileOptionalCheck(ajv: Ajv2020, schema: AnySchemaObject): Check {
  const check = compileCheck(ajv, schema);
  return (value) => check(value === undefined ? empty : value);
}

/** As `compileCheck`, but the errors say that their pointers are into the frame. */
export function compileFrameCheck(ajv: Ajv2020, schema: AnySchemaObject): Check {
  const validate = ajv.compile(schema);
  return (value) => {
    if (validate(value)) return undefined;
    const error: FieldError = { ...describeError(firstOf(validate.errors), value), in: 'frame' };
    return error;
  };
}

const empty = Object.freeze({});

function firstOf(errors: ErrorObject[] | null | undefined): ErrorObject {
  const first = errors?.[0];
  if (first === undefined) throw new Error('a validator refused without an error');
  return first;
}
