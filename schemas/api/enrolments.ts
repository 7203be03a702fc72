import { Type, type Static } from 'typebox';
import { newDevice, ofDevice } from './devices.ts';
import { resource } from './operation.ts';
import { choice, closed, defaulted, list, mapOf, named, nothing, timeMs } from './values.ts';

const terms = {
  ...newDevice,
  uses: Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'how many new devices may use it' }),
  notAfterMs: Type.Integer({ minimum: 0, maximum: 8.64e15, description: 'the end of its validity, Unix ms' }),
  reEnrolment: choice(
    ['auto', 'approve', 'never'],
    'what a device gets that is already registered: a next secret, one after an operator has approved, or nothing',
  ),
  idPrefix: Type.String({ pattern: '^[A-Za-z0-9_-]{0,63}$', description: 'ids must begin with this' }),
};
const labels = mapOf(Type.String({ maxLength: 128 }), {
  maxProperties: 32,
  description: 'what each new device gets',
});
const example = {
  type: 'env-sensor@1',
  site: 'hall-3',
  uses: 50,
  notAfterMs: 1_795_953_600_000,
  reEnrolment: 'approve',
  idPrefix: 'hall-3-',
  labels: { floor: '2' },
} as const;

const NewEnrolment = named('NewEnrolment', closed({ ...terms, labels: defaulted(labels, {}) }), example);
export type NewEnrolment = Static<typeof NewEnrolment>;

const Enrolment = named(
  'Enrolment',
  Type.Object({
    id: Type.String(),
    ...terms,
    labels: mapOf(Type.String()),
    createdMs: timeMs('when it was created'),
    used: Type.Integer({ description: 'how many new devices have used it' }),
  }),
  { id: 'e-3f', ...example, createdMs: 1_795_867_200_000, used: 12 },
);
/** A token with which new devices fetch their identity, without its secret. */
export type Enrolment = Static<typeof Enrolment>;

const EnrolmentRequest = named(
  'EnrolmentRequest',
  Type.Object({
    deviceId: Type.String(),
    enrolmentId: Type.String({ description: 'of the token it came with' }),
    address: Type.String({ description: 'network address of the device' }),
    askedMs: timeMs('when it asked'),
    approved: Type.Boolean(),
  }),
  {
    deviceId: 'd-1',
    enrolmentId: 'e-3f',
    address: '192.0.2.7',
    askedMs: 1_795_867_200_000,
    approved: false,
  },
);
/** A registered device that wants a new identity and waits for an operator. */
export type EnrolmentRequest = Static<typeof EnrolmentRequest>;

const EnrolmentToken = named(
  'EnrolmentToken',
  Type.Object({
    id: Type.String({ description: 'of the enrolment' }),
    token: Type.String({ description: 'shown this once' }),
  }),
  { id: 'e-3f', token: 'mB9yq0TzGk2n4VwXcR7sJpLhEa1dFuQi' },
);

const byId = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, description: 'of the enrolment' }),
});

export const enrolmentApi = resource('credentials', {
  listEnrolments: {
    method: 'GET',
    path: '/api/v1/enrolments',
    summary: 'Enrolment tokens, and devices that wait for approval',
    answers: { 200: Type.Object({ enrolments: list(Enrolment), requests: list(EnrolmentRequest) }) },
  },
  createEnrolment: {
    method: 'POST',
    path: '/api/v1/enrolments',
    summary: 'A token with which new devices fetch their identity at POST /v1/enrol of the device listener',
    body: NewEnrolment,
    answers: { 201: EnrolmentToken },
    refusals: ['database-failed'],
    secret: true,
  },
  revokeEnrolment: {
    method: 'DELETE',
    path: '/api/v1/enrolments/{id}',
    summary: 'Revoke a token',
    params: byId,
    answers: { 204: nothing },
    refusals: ['enrolment-unknown', 'database-failed'],
  },
  approveEnrolment: {
    method: 'POST',
    path: '/api/v1/enrolments/requests/{id}/approve',
    summary: 'Let a registered device have a new identity',
    params: ofDevice,
    answers: { 204: nothing },
    refusals: ['enrolment-unknown', 'database-failed'],
  },
  denyEnrolment: {
    method: 'POST',
    path: '/api/v1/enrolments/requests/{id}/deny',
    summary: 'Refuse a registered device a new identity',
    params: ofDevice,
    answers: { 204: nothing },
    refusals: ['enrolment-unknown', 'database-failed'],
  },
});
