import { Type, type Static } from 'typebox';
import { refusalCodes, refusalReasons, type RefusalReason } from './error-codes.ts';
import { choice, list, named } from './values.ts';

export const FieldError = named(
  'FieldError',
  Type.Object({
    path: Type.String({ description: 'JSON pointer (RFC 6901) to the field' }),
    keyword: Type.String({ description: 'the JSON Schema keyword that failed' }),
    expected: Type.String({ description: 'the rule in plain words' }),
    got: Type.String({ description: 'the value that was sent, shortened; `nothing` when it is missing' }),
    in: Type.Optional(choice(['frame'], 'the pointer is into the frame itself')),
  }),
  { path: '/site', keyword: 'required', expected: 'present', got: 'nothing' },
);
/** A fault of one field: its place, the rule, the value that the rule expects and the value that came. */
export type FieldError = Static<typeof FieldError>;

/** The details of a refusal, for machines. */
const RefusalDetails = named(
  'RefusalDetails',
  Type.Object(
    {
      reason: Type.Optional(choice(Object.keys(refusalReasons) as RefusalReason[], 'of `command-refused`')),
      errors: Type.Optional(list(FieldError, { description: 'the fields at fault' })),
    },
    { additionalProperties: Type.Unknown() },
  ),
  { errors: [FieldError.examples[0]] },
);

/** The answer of the API to a request that it refuses. */
export const Refusal = named(
  'Refusal',
  Type.Object({
    error: Type.Object({
      code: choice(refusalCodes),
      message: Type.String({ description: 'what is wrong here, and the way out' }),
      details: Type.Optional(RefusalDetails),
    }),
  }),
  { error: { code: 'device-unknown', message: 'there is no device with this id: d-9' } },
);
export type Refusal = Static<typeof Refusal>;
