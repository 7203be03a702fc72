/** The last frames of a device, in both directions. */

import { Type, type Static } from 'typebox';
import { ofDevice } from '../devices.ts';
import { resource } from '../operation.ts';
import { choice, closed, count, cursor, defaulted, limitOf, list, named, timeMs } from '../values.ts';

export const FrameNack = named(
  'FrameNack',
  Type.Object({
    code: Type.String({ description: 'nack code' }),
    retry: Type.Boolean({ description: 'whether the device should send it again' }),
    message: Type.Optional(Type.String({ description: 'what is wrong, where the nack says so' })),
    samples: Type.Optional(count('refused samples of a batch, where not all of it is refused')),
  }),
  { code: 'schema', retry: false, message: '/temperature must be <= 125; it is 900' },
);
export type FrameNack = Static<typeof FrameNack>;

const frame = '{"type":"telemetry","seq":12,"stream":"env","ts":1700000000000,"data":{"temperature":900}}';

/** A frame, or the beginning or end of a connection. */
export const FrameRow = named(
  'FrameRow',
  Type.Object({
    n: Type.Integer({ minimum: 1, description: 'counts what is noted of the device, from 1' }),
    timeMs: timeMs('when the hub received or sent it'),
    way: choice(['in', 'out'], '`in`: from the device; `out`: from the hub'),
    kind: choice(['frame', 'connected', 'closed']),
    bytes: count('of the frame, before TLS; 0 when it is none'),
    type: Type.Optional(Type.String({ description: 'of the frame, as far as it can be read' })),
    text: Type.String({
      description:
        'the frame as it was sent, secrets hidden; of `connected` the address; of `closed` who closed, the code and the reason',
    }),
    binary: Type.Optional(
      Type.Literal(true, { description: 'a CBOR frame: text is its diagnostic notation' }),
    ),
    cut: Type.Optional(Type.Literal(true, { description: 'text is only the beginning of a long frame' })),
    nacks: Type.Optional(
      list(FrameNack, { description: 'how the hub refused this frame: what its nacks say' }),
    ),
    nack: Type.Optional(FrameNack),
    answers: Type.Optional(Type.Integer({ description: 'of a nack: `n` of the frame it refuses' })),
  }),
  {
    n: 41,
    timeMs: 1_700_000_000_000,
    way: 'in',
    kind: 'frame',
    bytes: 91,
    type: 'telemetry',
    text: frame,
    nacks: [{ code: 'schema', retry: false, message: '/temperature must be <= 125; it is 900' }],
  },
);
export type FrameRow = Static<typeof FrameRow>;

export const framesOfDevice = {
  frames: list(FrameRow, { description: 'oldest first' }),
  missed: Type.Optional(count('frames after those asked for that are no longer kept, when there are some')),
};
const FramePage = Type.Object(framesOfDevice);
export type FramePage = Static<typeof FramePage>;

export const frameApi = resource('devices', {
  listFrames: {
    method: 'GET',
    path: '/api/v1/devices/{id}/frames',
    summary: 'The last frames of the device, both ways, oldest first',
    description:
      'Kept in memory since the hub started, at most 200, also of a device that is no longer connected. ' +
      'The audit records who looked, once in ten minutes for each device.',
    params: ofDevice,
    query: closed({
      after: defaulted(cursor('only what is newer than this `n`'), 0),
      limit: limitOf(200, 200),
    }),
    answers: { 200: FramePage },
    refusals: ['device-unknown'],
  },
});
