import { Type, type Static } from 'typebox';
import { resource } from './operation.ts';
import { requester } from './requester.ts';
import { closed, cursor, limitOf, list, mapOf, named, timeMs } from './values.ts';

const clipped = (description: string) => Type.String({ description });

const AuditRecord = named(
  'AuditRecord',
  Type.Object({
    seq: Type.Integer({
      description: 'rises with each entry; gaps mean that the oldest have been pruned or a write failed',
    }),
    timeMs: timeMs('when it was recorded'),
    ...requester,
    action: clipped('subject and verb, such as device.add, login, command.send'),
    subject: clipped("what it was about: a device id, an operator's name, d-1/c-17"),
    outcome: clipped('done, refused, failed, or the status a command came to'),
    details: Type.Optional(mapOf(Type.Unknown(), { description: 'what else is known; never a secret' })),
  }),
  {
    seq: 17,
    timeMs: 1_795_867_200_000,
    actor: 'operator:anna',
    origin: 'http',
    action: 'device.label',
    subject: 'd-1',
    outcome: 'done',
    details: { status: 200, set: { floor: '2' }, remove: [] },
  },
);
/** Who requested what, over which interface, and how it ended. */
export type AuditRecord = Static<typeof AuditRecord>;

const text = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 128, description }));

const AuditQuery = closed({
  limit: limitOf(10_000),
  before: Type.Optional(cursor('entries older than this `seq`, to page backwards')),
  fromMs: Type.Optional(cursor('recorded at or after this time, Unix ms')),
  toMs: Type.Optional(cursor('recorded before this time, Unix ms')),
  actor: text('entries of this actor; a name alone, such as anna, is that of any kind'),
  action: text('entries of this action, or of all with this subject or verb, such as device or label'),
  subject: text('entries about this subject, and what belongs to it, such as the commands of a device'),
});
export type AuditQuery = Static<typeof AuditQuery>;

export const auditApi = resource('audit', {
  listAudit: {
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'The newest entries of the audit that match, oldest first',
    query: AuditQuery,
    answers: { 200: Type.Object({ entries: list(AuditRecord) }) },
    refusals: ['database-failed'],
  },
});
