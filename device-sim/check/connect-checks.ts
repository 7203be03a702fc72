import { typeName } from '../../schemas/index.ts';
import { demand, type Check } from './check.ts';

/** Checks of the upgrade request and the hello. */

const path = '/v1/device';

export const connectChecks: readonly Check[] = [
  {
    id: 'connect/upgrade',
    title:
      'asks for /v1/device with its credential in the Authorization header and no subprotocol but hub.v1.json',
    async run({ hub, device, id, secret }) {
      device.start();
      const { request } = await hub.attempted(1, 15_000);
      const { url = '', headers } = request;
      demand(
        url === path,
        `it asks for ${url}, not for ${path}: an address carries no credential and no query`,
      );
      const version = headers['sec-websocket-version'];
      demand(version === '13', `Sec-WebSocket-Version is ${version}, not 13 (RFC 6455 §4.1)`);
      const { authorization = '' } = headers;
      const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
      const known = authorization === basic || /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/.test(authorization);
      demand(known, 'Authorization is neither Basic with the given id and secret nor Bearer with a JWT');
      const offered = headers['sec-websocket-protocol'];
      const names = offered?.split(',').map((name) => name.trim()) ?? [];
      const ours = names.length === 0 || names.includes('hub.v1.json') || names.join() === 'arduino';
      demand(ours, `Sec-WebSocket-Protocol is ${offered}; offer hub.v1.json or nothing`);
      await hub.session();
    },
  },
  {
    id: 'connect/hello',
    title:
      'sends a valid hello of its device type first, and no more than inFlight frames before the welcome',
    async run({ hub, device, type }) {
      device.start();
      const session = await hub.session();
      session.acks = false;
      const { deviceType } = await session.next('hello');
      const [first] = session.heard;
      demand(first?.frame.type === 'hello', `its first frame is ${first?.frame.type}, not hello`);
      const right = typeName(deviceType) === type.name;
      demand(right, `hello.deviceType is ${deviceType}; the device is registered as ${type.id}`);
      await session.noData(1_500, 'it sends readings before the welcome').catch(() => {
        demand(session.data.length <= 64, 'it sends more than a window of readings before the welcome');
      });
    },
  },
  {
    id: 'connect/boot',
    title: 'keeps hello.boot when it reconnects, with its uptime going on, and has a new one after a reboot',
    async run(bench) {
      const { hub, device } = bench;
      device.start();
      const first = await hub.session();
      const before = await first.welcome();
      first.cut();
      const again = await (await hub.session()).welcome();
      demand(again.boot === before.boot, 'hello.boot changes when it reconnects without a reboot');
      demand(again.t1 > before.t1, `hello.t1 goes from ${before.t1} to ${again.t1} in one boot`);
      await bench.reboot();
      const rebooted = await (await hub.session()).next('hello');
      demand(rebooted.boot !== before.boot, 'hello.boot is the same after a reboot');
    },
  },
  {
    id: 'connect/extensions',
    title: 'ignores frames and fields that it does not know',
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      session.send({ type: 'frame-of-a-later-edition', value: [1, { a: null }] });
      session.send({ type: 'recall', ids: ['never-sent'], hint: { later: true } });
      const { status } = await session.result('never-sent');
      demand(status === 'unknown', `a recall of an id it never saw is answered ${status}, not unknown`);
    },
  },
];
