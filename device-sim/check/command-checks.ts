import { demand, pause, type Check } from './check.ts';

/** Commands: never late, never twice, always answered. */

const dayMs = 86_400_000;

export const commandChecks: readonly Check[] = [
  {
    id: 'command/result',
    title:
      'answers a command with received and a result, and the result again in each session until it is acked',
    async run(bench) {
      const { id } = bench.command();
      bench.device.start();
      const first = await bench.open();
      first.send(bench.command({ id }));
      await first.next('received', { wanted: ({ re }) => re === id });
      const { status } = await first.result(id);
      demand(status !== 'unknown' && status !== 'expired', `a command in time ends ${status}`);
      first.cut();
      const second = await bench.open();
      const again = await second.result(id);
      demand(again.status === status, `the result sent again is ${again.status}; it was ${status}`);
      second.send({ type: 'ack', re: id });
      await pause(300);
      second.cut();
      const third = await bench.open();
      await pause(1_500);
      const acked = third.heard.some(({ frame }) => frame.type === 'result' && frame.re === id);
      demand(!acked, 'the result is sent again although it was acked');
    },
  },
  {
    id: 'command/once',
    title: 'answers a repeated id with its former result, without running the command again',
    async run(bench) {
      const command = bench.command();
      bench.device.start();
      const session = await bench.open();
      session.send(command);
      const first = await session.result(command.id);
      const from = session.heard.length;
      // The deadline is over by then: a device that runs or judges the command again reports expired.
      session.send({ ...command, deadline: bench.hub.now() - 1_000, ttlMs: 1 });
      const again = await session.result(command.id, from);
      const same = JSON.stringify(again) === JSON.stringify(first);
      demand(same, `the same id is answered ${JSON.stringify(again)}; it was ${JSON.stringify(first)}`);
    },
  },
  {
    id: 'command/outlives-reboot',
    title: 'knows the result of a command after a loss of power, if it says persistsCommands',
    async run(bench) {
      const command = bench.command();
      bench.device.start();
      const first = await bench.hub.session();
      const hello = await first.welcome();
      first.send(command);
      const { status } = await first.result(command.id);
      await bench.reboot();
      const session = await bench.open();
      session.send({ type: 'recall', ids: [command.id] });
      const recalled = await session.result(command.id);
      const wanted = hello.persistsCommands === true ? status : 'unknown';
      demand(recalled.status === wanted, `after the reboot the result is ${recalled.status}, not ${wanted}`);
    },
  },
  {
    id: 'command/deadline',
    title: 'answers a command whose deadline has passed with expired',
    async run(bench) {
      const command = bench.command({ deadline: bench.hub.now() - 1_000, ttlMs: 60_000 });
      bench.device.start();
      const session = await bench.open();
      session.send(command);
      const { status } = await session.result(command.id);
      demand(status === 'expired', `a command that is a second late ends ${status}`);
    },
  },
  {
    id: 'command/hub-clock',
    title: "judges a deadline by the hub's clock, even when its own is a day off",
    async run(bench) {
      bench.hub.clockMs = -dayMs;
      bench.device.start();
      const session = await bench.open();
      const timely = bench.command();
      session.send(timely);
      const { status } = await session.result(timely.id);
      demand(status !== 'expired', "a command in time by the hub's clock ends expired");
      session.send({ type: 'ack', re: timely.id });
      const late = bench.command({ deadline: bench.hub.now() - 1_000 });
      session.send(late);
      const second = await session.result(late.id);
      demand(second.status === 'expired', `a command that is late by the hub's clock ends ${second.status}`);
    },
  },
  {
    id: 'command/unknown-name',
    title: 'rejects a command that it does not have',
    async run(bench) {
      const command = bench.command({ name: 'no-such-command', params: {} });
      bench.device.start();
      const session = await bench.open();
      session.send(command);
      const { status } = await session.result(command.id);
      demand(status === 'rejected', `a command that it does not have ends ${status}`);
    },
  },
  {
    id: 'command/unknown-recall',
    title: 'refuses a command that arrives after it has answered unknown to a recall of its id',
    async run(bench) {
      const command = bench.command();
      bench.device.start();
      const session = await bench.open();
      session.send({ type: 'recall', ids: [command.id] });
      const { status } = await session.result(command.id);
      demand(status === 'unknown', `an id it never saw is answered ${status}`);
      const from = session.heard.length;
      session.send(command);
      const after = await session.result(command.id, from);
      const refused = after.status === 'rejected' || after.status === 'unknown';
      demand(refused, `a command whose recall it answered with unknown ends ${after.status} when it arrives`);
    },
  },
  {
    id: 'command/cancel-first',
    title: 'does not run a command whose cancel came before it',
    async run(bench) {
      const command = bench.command();
      bench.device.start();
      const session = await bench.open();
      session.send({ type: 'cancel', re: command.id });
      session.send(command);
      const { status } = await session.result(command.id);
      const refused = status === 'cancelled' || status === 'rejected';
      demand(refused, `a command that was cancelled before it came ends ${status}`);
    },
  },
];
