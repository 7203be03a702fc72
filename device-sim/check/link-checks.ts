import { limits } from '../../schemas/index.ts';
import { demand, within, type Check } from './check.ts';

/** Checks of pings, fragments and silence. */

const heartbeatMs = 1_000;
const graceMs = 500;

export const linkChecks: readonly Check[] = [
  {
    id: 'link/pong',
    title: 'answers a ping with a pong of the same content (RFC 6455 §5.5.3)',
    async run(bench) {
      bench.device.start();
      const { socket } = await bench.open();
      const pong = new Promise<string>((resolve) => {
        socket.once('pong', (data) => resolve(data.toString()));
      });
      socket.ping('check-7');
      const content = await within(2_000, pong, 'no pong');
      demand(content === 'check-7', `the pong has ${JSON.stringify(content)}, the ping had "check-7"`);
    },
  },
  {
    id: 'link/fragments',
    title: 'takes a message in fragments, with a ping between them (RFC 6455 §5.4)',
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      session.sendInFragments({ type: 'recall', ids: ['in-three-fragments'] });
      await session.result('in-three-fragments');
    },
  },
  {
    id: 'link/long-frame',
    title: 'takes a frame as long as hello.maxFrame says, 65,536 bytes without it',
    async run(bench) {
      bench.device.start();
      const session = await bench.hub.session();
      const { maxFrame = limits.frameBytes } = await session.welcome();
      const frame = { type: 'notice', topic: 'check', data: '' };
      frame.data = 'x'.repeat(maxFrame - JSON.stringify(frame).length);
      session.send(frame);
      session.send({ type: 'recall', ids: ['after-a-long-frame'] });
      await session.result('after-a-long-frame');
    },
  },
  {
    id: 'link/heartbeats',
    title:
      'sends something in every heartbeatSec, and heartbeats even when it is busy, with its uptime rising',
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      const from = session.heard.length;
      const welcomedMs = performance.now();
      await new Promise((resolve) => {
        setTimeout(resolve, 5 * heartbeatMs);
      });
      const heard = session.heard.slice(from);
      const times = [welcomedMs, ...heard.map(({ atMs }) => atMs), performance.now()];
      const longest = Math.max(...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
      demand(longest <= heartbeatMs, `it is silent for ${Math.round(longest)} ms; heartbeatSec is 1`);
      const beats = heard.flatMap(({ frame }) => (frame.type === 'heartbeat' ? [frame.t1] : []));
      demand(
        beats.length >= 2,
        `${beats.length} heartbeats in 5 s: its clock needs them though it sends readings`,
      );
      const rises = beats.every((t1, index) => index === 0 || t1 > (beats[index - 1] ?? t1));
      demand(rises, `the uptimes of its heartbeats do not rise: ${beats.join(', ')}`);
    },
  },
  {
    id: 'link/silent-hub',
    title: 'drops a connection on which it hears nothing for heartbeatSec + graceSec, and connects again',
    async run(bench) {
      bench.device.start();
      const session = await bench.open();
      session.answers = false;
      session.acks = false;
      const beganMs = performance.now();
      const next = await bench.hub.session(heartbeatMs + graceMs + 5_000);
      const tookMs = performance.now() - beganMs;
      demand(
        tookMs >= heartbeatMs,
        `it gives up after ${Math.round(tookMs)} ms; the hub may be silent for 1,500 ms`,
      );
      await next.welcome();
    },
  },
];
