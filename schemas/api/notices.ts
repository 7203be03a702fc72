import { Type, type Static } from 'typebox';
import { resource } from './operation.ts';
import { closed, list, named, timeMs } from './values.ts';

const request = {
  to: Type.String({
    minLength: 1,
    maxLength: 2_048,
    description: 'a selector: all, a device id, or terms such as type=env-sensor,site=hall-3',
  }),
  topic: Type.String({ minLength: 1, maxLength: 128, description: 'what it is about' }),
  data: Type.Unknown({ description: 'any JSON value' }),
  atMs: Type.Optional(
    Type.Number({ minimum: 0, description: 'when to send it, Unix ms; immediately when not given' }),
  ),
};

const NoticeRequest = named('NoticeRequest', closed(request), {
  to: 'site=hall-3',
  topic: 'maintenance',
  data: { text: 'back at six' },
});
export type NoticeRequest = Static<typeof NoticeRequest>;

const NoticeReport = Type.Object(
  {
    matched: Type.Integer({ description: 'devices the selector matches' }),
    sent: Type.Integer({ description: "handed to the device's connection" }),
    dropped: Type.Integer({ description: 'the connection was too congested to take it' }),
    offline: Type.Integer({
      description:
        'without an open session, or on the way from one hub to another; notices are not kept for them',
    }),
    tooLarge: Type.Integer({ description: 'it is longer than the device can receive (hello.maxFrame)' }),
    silentHubs: Type.Optional(
      Type.Array(Type.String(), {
        description:
          'hubs of the cluster that did not answer in time: their devices count as offline, and may have it',
      }),
    ),
  },
  { description: 'the outcome once it was sent: matched = sent + dropped + offline + tooLarge' },
);
export type NoticeReport = Static<typeof NoticeReport>;

const Notice = named(
  'Notice',
  Type.Object({
    id: Type.String(),
    ...request,
    createdMs: timeMs('when it was requested'),
    actor: Type.Optional(Type.String({ description: 'who requested it, as in the audit' })),
    report: Type.Optional(NoticeReport),
    missed: Type.Optional(
      Type.Literal(true, { description: 'it was due while no hub ran, too long ago to send it' }),
    ),
  }),
  {
    id: 'n-1',
    ...NoticeRequest.examples[0],
    createdMs: 1_795_867_200_000,
    report: { matched: 3, sent: 2, dropped: 0, offline: 1, tooLarge: 0 },
  },
);
export type Notice = Static<typeof Notice>;

export const noticeApi = resource('notices', {
  pushNotice: {
    method: 'POST',
    path: '/api/v1/notices',
    summary: 'Send a notice to the connected devices of a selector, now or at a set time',
    body: NoticeRequest,
    answers: { 200: Notice, 202: Notice },
    meanings: { 200: 'It was sent; the report says to how many.', 202: 'It is scheduled.' },
    refusals: ['device-unknown', 'database-failed'],
  },
  listNotices: {
    method: 'GET',
    path: '/api/v1/notices',
    summary: 'Notices: scheduled ones, then sent ones, newest first',
    answers: { 200: Type.Object({ notices: list(Notice) }) },
  },
});
