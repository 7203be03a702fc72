import { Type } from 'typebox';

/** Where one hub asks another for its clock, and to hand a notice to its devices. Asked again, it answers how far it is. */
export const peerNoticesPath = '/peer/notices';

export const PeerNotice = Type.Object(
  {
    id: Type.String(),
    to: Type.String(),
    topic: Type.String(),
    data: Type.Optional(Type.Unknown()),
    jitterMs: Type.Number({ minimum: 0 }),
    /** When it went out by the monotonic clock of the asked hub, which may have started since, ms. */
    outMs: Type.Number(),
  },
  {
    title: 'PeerNotice',
    examples: [
      {
        id: 'n-1',
        to: 'site=lab',
        topic: 'maintenance',
        data: { text: 'back at six' },
        jitterMs: 0,
        outMs: 81_000.5,
      },
    ],
  },
);

/** What a hub answers that is asked for its clock: monotonic, ms. */
export interface PeerMoment {
  nowMs: number;
}
