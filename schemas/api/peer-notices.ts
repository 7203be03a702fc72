import { Type } from 'typebox';

/** Where one hub asks another to hand a notice to its devices. Asked again, it answers how far it is. */
export const peerNoticesPath = '/peer/notices';

export const PeerNotice = Type.Object({
  id: Type.String(),
  to: Type.String(),
  topic: Type.String(),
  data: Type.Optional(Type.Unknown()),
  jitterMs: Type.Number({ minimum: 0 }),
  ageMs: Type.Number({ minimum: 0 }),
});
