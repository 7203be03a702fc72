import { demand, type Check } from './check.ts';

/** Checks of a new secret, which a device takes over in two phases. */

const fresh = 'bmV3LXNlY3JldC1vZi10aGUtY2hlY2st';

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

export const secretChecks: readonly Check[] = [
  {
    id: 'secret/new',
    title: 'connects with a new secret, also after a loss of power',
    async run(bench) {
      const { hub, device, id } = bench;
      device.start();
      const first = await bench.open();
      first.send({ type: 'credential', id: 'k-1', secret: fresh });
      // The device may use it immediately or at its next reconnect.
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      if (first.isOpen) first.cut();
      const second = await bench.open();
      const { authorization } = second.request.headers;
      demand(authorization === basic(id, fresh), 'it does not use the new secret after the next connect');
      await second.dataFrames(1);
      await device.kill();
      const before = hub.attempts.length;
      device.start();
      const { request } = await hub.attempted(before + 1, 15_000);
      demand(
        request.headers.authorization === basic(id, fresh),
        'it forgets the new secret when its power is cut',
      );
    },
  },
  {
    id: 'secret/old',
    title: 'falls back to the old secret when the new one is refused',
    async run(bench) {
      const { hub, device, id, secret } = bench;
      device.start();
      const first = await bench.open();
      hub.refusal = ({ headers }) =>
        headers.authorization === basic(id, secret) ? undefined : { status: 401 };
      first.send({ type: 'credential', id: 'k-1', secret: fresh });
      await new Promise((resolve) => {
        setTimeout(resolve, 500);
      });
      if (first.isOpen) first.cut();
      await bench.open();
      const tried = hub.attempts.some(({ request }) => request.headers.authorization === basic(id, fresh));
      demand(tried, 'it never tries the new secret');
    },
  },
];
