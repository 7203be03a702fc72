import { Type, type Static } from 'typebox';
import { choice } from './values.ts';

const origins = ['http', 'cli', 'mqtt', 'schedule', 'device', 'enrolment', 'hub'] as const;

export const requester = {
  actor: Type.Readonly(
    Type.String({
      description:
        'operator:anna, token:ci, device:d-1, schedule:nightly, local (the admin socket), hub, address:192.0.2.7; ' +
        'mqtt where the broker does not say who its clients are',
    }),
  ),
  origin: Type.Readonly(
    choice(
      origins,
      'by which interface the request came; cli: the command line, on the admin socket or, without a hub, on the files; ' +
        "device: a device's session; hub: the hub itself asked",
    ),
  ),
};

const Requester = Type.Object(requester);
/** Who made a request, and over which interface. */
export type Requester = Static<typeof Requester>;
/** The interface over which a request came. */
export type Origin = Requester['origin'];
