import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { CommandRefusal } from '../../../hub/commands/command-request.ts';
import { refusalText } from '../../../hub/commands/refusal-text.ts';
import { callHub } from '../../../hub/cli/admin-client.ts';
import { registerDevices, startCommandFleet, type CommandFleet } from '../../helpers/drills/command-fleet.ts';
import { mosquittoPub, mosquittoSub, type Subscription } from '../../helpers/services/mosquitto-clients.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { spawnHub, type HubProcess } from '../../helpers/services/process.ts';

/** One hub process, its embedded broker, and a few simulated devices; every interface asks for the same things. */

/** Clears a terminal's screen, rings its bell and turns the text around. */
const obeyed = '\x1b[2J\x07\x9b31m\u202egnirts\u061c';

let hub: HubProcess;
let fleet: CommandFleet;
let bus: Subscription;
let port: string;

before(async () => {
  hub = await spawnHub({ env: { HUB_TLS: 'off' } });
  const secrets = await registerDevices(hub, { prefix: 'd-', count: 30, type: 'env-sensor@1' });
  fleet = startCommandFleet(secrets, {
    url: hub.deviceUrl,
    type: 'env-sensor@1',
    commands: ['set-interval', 'identify', 'reboot'],
    // Every fifth device is out of order.
    act: (device) => {
      if (device === 'd-10') return { status: 'failed', error: obeyed };
      if (Number(device.slice(2)) % 5 === 0) return { status: 'failed', error: 'out of order' };
      return { status: 'succeeded' };
    },
  });
  await fleet.online;
  port = new URL(hub.brokerUrl ?? '').port;
  bus = await mosquittoSub([
    '-V',
    '311',
    '-p',
    port,
    '-q',
    '1',
    '-t',
    'hub/v1/status/#',
    '-t',
    'hub/v1/group-status/#',
  ]);
});

after(async () => {
  await bus?.close();
  await fleet?.close();
  await hub?.close();
});

interface Answer {
  [member: string]: unknown;
  status: string;
  reason?: string;
  errors?: { path: string; keyword: string; expected: string; got: string }[];
}

function http(method: string, path: string, body?: unknown): Promise<unknown> {
  return callHub(join(hub.dataDir, 'hub.sock'), method, `/api/v1${path}`, body);
}

/** A refusal over HTTP: reason and faults. */
async function refusedOverHttp(path: string, body: unknown): Promise<unknown> {
  const fault: unknown = await http('POST', path, body).then(
    () => assert.fail('it was not refused'),
    (error: unknown) => error,
  );
  assert.ok(typeof fault === 'object' && fault !== null && 'details' in fault);
  return fault.details;
}

function publish(topic: string, body: object): Promise<void> {
  const message = ['-t', `hub/v1/${topic}`, '-m', JSON.stringify(body)];
  return mosquittoPub(['-V', '311', '-p', port, '-q', '1', ...message]);
}

/** Publishes a request, and reads the refusal on the status topics that match. */
async function refusedOverMqtt(
  topic: string,
  body: object,
  told: (topic: string) => boolean,
): Promise<unknown> {
  const seen = bus.messages.length;
  await publish(topic, body);
  const answer = await waitFor(() => bus.messages.slice(seen).find((message) => told(message.topic)), {
    what: `the refusal of ${topic}`,
  });
  const { reason, errors } = JSON.parse(answer.payload) as Answer;
  return { reason, ...(errors === undefined ? {} : { errors }) };
}

interface Fault {
  device: string;
  name: string;
  body: { id?: string; params?: object };
}

/** Each interface: asks for the same, and gives the refusal as it came out there. */
const interfaces: Record<string, (fault: Fault, number: number) => Promise<unknown>> = {
  http: ({ device, name, body }) => refusedOverHttp(`/devices/${device}/commands/${name}`, body),

  mqtt: ({ device, name, body }) =>
    refusedOverMqtt(`command/${device}/${name}`, body, (topic) =>
      new RegExp(`^hub/v1/status/${device}/[^/]+/rejected$`).test(topic),
    ),

  async 'command line'({ device, name, body }) {
    const id = body.id === undefined ? [] : ['--id', body.id];
    const params = ['--params', JSON.stringify(body.params ?? {})];
    const { code, stderr } = await hub.cli(['command', 'send', device, name, ...params, ...id]);
    assert.equal(code, 1);
    return stderr;
  },

  'group over http': ({ device, name, body }) =>
    refusedOverHttp('/group-commands', { to: device, name, command: body }),

  async 'group over mqtt'({ device, name, body }, number) {
    const group = `refused-${number}`;
    await http('PUT', `/groups/${group}`, { selector: device });
    return refusedOverMqtt(`group-command/${group}/${name}`, body, (topic) =>
      new RegExp(`^hub/v1/group-status/${group}/[^/]+/rejected$`).test(topic),
    );
  },

  schedule: ({ device, name, body }, number) =>
    refusedOverHttp('/schedules', {
      name: `refused-${number}`,
      atMs: Date.now() + 60_000,
      timeZone: 'UTC',
      to: device,
      action: { kind: 'command', name, params: body.params ?? {} },
    }),
};
const everyInterface = Object.keys(interfaces);
const notScheduled = everyInterface.filter((name) => name !== 'schedule');
const oneDevice = ['http', 'mqtt', 'command line'];

test('a command sent over HTTP with wait is answered with its final status', async () => {
  const sent = (await http('POST', '/devices/d-1/commands/set-interval?wait=10s', {
    id: 'h-1',
    params: { seconds: 10 },
  })) as Answer;
  assert.deepEqual([sent['id'], sent.status, sent['final']], ['h-1', 'succeeded', true]);
  const shown = (await http('GET', '/devices/d-1/commands/h-1')) as Answer;
  assert.deepEqual([shown.status, shown['params']], ['succeeded', { seconds: 10 }]);
  const again = (await http('POST', '/devices/d-1/commands/set-interval', {
    id: 'h-1',
    params: { seconds: 10 },
  })) as Answer;
  assert.deepEqual([again['repeated'], again.status], [true, 'succeeded']);
  assert.equal(fleet.record.executions.filter(({ id }) => id === 'h-1').length, 1);
});

test('every interface gives the same refusal for the same fault, naming field and rule', async () => {
  const minimum = { path: '/seconds', keyword: 'minimum', expected: '>= 1', got: '0' };
  const required = { path: '/seconds', keyword: 'required', expected: 'present', got: 'nothing' };
  const type = { path: '/seconds', keyword: 'type', expected: 'integer', got: '"soon"' };
  const noId = { path: '/id', keyword: 'required', expected: 'present', got: 'nothing' };
  const names = {
    path: '/name',
    keyword: 'enum',
    expected: 'one of set-interval, identify, reboot',
    got: '"dance"',
  };
  const device = 'd-1';
  const set = { device, name: 'set-interval' };
  const table: [Fault, CommandRefusal, string[]][] = [
    [
      { ...set, body: { params: { seconds: 0 } } },
      { reason: 'bad-params', errors: [minimum] },
      everyInterface,
    ],
    [{ ...set, body: {} }, { reason: 'bad-params', errors: [required] }, everyInterface],
    [
      { ...set, body: { params: { seconds: 'soon' } } },
      { reason: 'bad-params', errors: [type] },
      everyInterface,
    ],
    [{ device, name: 'dance', body: {} }, { reason: 'unknown-command', errors: [names] }, everyInterface],
    [{ device, name: 'reboot', body: {} }, { reason: 'id-required', errors: [noId] }, notScheduled],
    [
      { ...set, body: { id: 'h-1', params: { seconds: 11 } } },
      { reason: 'id-conflict' },
      // The id is of a command, and group commands have ids of their own.
      oneDevice,
    ],
    [{ device: 'nobody', name: 'identify', body: {} }, { reason: 'unknown-device' }, oneDevice],
  ];
  for (const [number, [fault, refusal, at]] of table.entries()) {
    for (const name of at) {
      const told = await interfaces[name]?.(fault, number);
      const expected =
        typeof told === 'string' ? `device-hub: the command was refused: ${refusalText(refusal)}\n` : refusal;
      assert.deepEqual(told, expected, `${fault.name} ${JSON.stringify(fault.body)} over ${name}`);
    }
  }
});

test('the command line sends, waits, shows and lists', async () => {
  const args = ['command', 'send', 'd-2', 'set-interval', '--param', 'seconds=10', '--id', 'c-1', '--wait'];
  const sent = await hub.cli(args);
  assert.deepEqual([sent.code, sent.stdout], [0, 'd-2/c-1 set-interval: succeeded\n'], sent.stderr);
  const failed = await hub.cli(['command', 'send', 'd-5', 'identify', '--wait', '--json']);
  assert.equal(failed.code, 1);
  assert.equal((JSON.parse(failed.stdout) as Answer).reason, 'out of order');
  const listed = await hub.cli(['command', 'list', '--device', 'd-2', '--json']);
  assert.equal((JSON.parse(listed.stdout) as Answer)['id'], 'c-1');
  assert.equal(
    (await hub.cli(['command', 'show', 'd-2', 'c-1'])).stdout,
    'd-2/c-1 set-interval: succeeded\n',
  );
  // A device alone is not a group command; the fault says what is missing.
  const alone = await hub.cli(['command', 'show', 'd-2']);
  assert.equal(alone.code, 1);
  assert.match(alone.stderr, /give the device and the id: command show <device> <id>/);
});

test('what a device says cannot give orders to the terminal of an operator', async () => {
  const sent = await hub.cli(['command', 'send', 'd-10', 'identify', '--id', 'c-10', '--wait']);
  const shown = await hub.cli(['command', 'show', 'd-10', 'c-10']);
  const listed = await hub.cli(['command', 'list', '--device', 'd-10']);
  for (const { stdout } of [sent, shown, listed]) {
    assert.ok(stdout.includes(String.raw`\u001b[2J\u0007\u009b31m\u202egnirts\u061c`), stdout);
    assert.doesNotMatch(stdout, /(?!\n)[\p{Cc}\u061c\u202e]/u);
  }
  const json = await hub.cli(['command', 'show', 'd-10', 'c-10', '--json']);
  assert.doesNotMatch(json.stdout, /(?!\n)[\p{Cc}\u061c\u202e]/u);
  assert.equal((JSON.parse(json.stdout) as Answer).reason, obeyed);
});

test('the OpenAPI document is valid, and describes the interfaces of commands', async () => {
  const document = (await http('GET', '/openapi.json')) as { openapi: string; paths: Record<string, object> };
  const { valid, errors } = await new Validator().validate(document);
  assert.equal(valid, true, JSON.stringify(errors));
  assert.equal(document.openapi, '3.1.0');
  assert.ok('post' in (document.paths['/api/v1/devices/{id}/commands/{command}'] ?? {}));
});

test('a dry run shows the devices of a selector, and a group command with too many failures stops', async () => {
  // One call names each label once.
  await hub.cli(['device', 'label', 'd-7', 'floor=2', 'old=1']);
  await hub.cli(['device', 'label', 'd-7', 'old-']);
  const dry = await hub.cli(['command', 'send', '--to', 'floor=2', 'identify', '--dry-run', '--json']);
  assert.deepEqual(JSON.parse(dry.stdout), { devices: ['d-7'] });
  const args = ['command', 'send', '--to', 'type=env-sensor', 'identify', '--id', 'g-1', '--wave', '15'];
  const { code, stdout, stderr } = await hub.cli([...args, '--max-failures', '2', '--wait', '--json']);
  assert.equal(code, 1, stderr);
  const report = JSON.parse(stdout) as Answer & { devices: { device: string; status: string }[] };
  assert.deepEqual([report.status, report.reason], ['stopped', 'too-many-failures']);
  const reached = new Set(
    fleet.record.executions.filter(({ id }) => id === 'g-1').map(({ device }) => device),
  );
  assert.ok(reached.size <= 15, `${reached.size} devices were reached`);
  assert.equal(report.devices.length, 30);
  assert.ok(report.devices.slice(15).every(({ status }) => status === 'skipped'));
});

test('a group command over MQTT is reported per group, also when that group is gone; an unknown group is refused', async () => {
  await hub.cli(['group', 'set', 'second-floor', 'floor=2']);
  await publish('group-command/second-floor/identify', { id: 'g-2' });
  const done = await bus.next(
    'the report',
    ({ topic }) => topic === 'hub/v1/group-status/second-floor/g-2/finished',
  );
  assert.equal((JSON.parse(done.payload) as Answer)['succeeded'], 1);
  await publish('group-command/nowhere/identify', {});
  const refused = await bus.next('the refusal', ({ topic }) =>
    /group-status\/nowhere\/.*\/rejected$/.test(topic),
  );
  assert.equal((JSON.parse(refused.payload) as Answer).reason, 'unknown-group');
  assert.equal((await hub.cli(['group', 'remove', 'second-floor'])).code, 0);
  const report = (await http('GET', '/group-commands/g-2')) as Answer;
  assert.deepEqual([report['group'], report['to'], report.status], ['second-floor', 'floor=2', 'finished']);
  assert.deepEqual(report['devices'], [{ device: 'd-7', status: 'succeeded' }]);
});

test('a schedule sends its command at its times, each once, until it is removed', async () => {
  const args = ['schedule', 'add', 'tick', '--cron', '* * * * * *', '--time-zone', 'UTC', '--to', 'd-3'];
  const added = await hub.cli([...args, '--command', 'identify']);
  assert.equal(added.code, 0, added.stderr);
  await bus.next('a first run', ({ topic }) => /status\/d-3\/tick-[\w-]+\/succeeded$/.test(topic), 10_000);
  assert.equal(
    (await hub.cli(['schedule', 'next', 'tick', '--count', '3'])).stdout.trim().split('\n').length,
    3,
  );
  await hub.cli(['schedule', 'remove', 'tick']);
  const ids = fleet.record.executions.filter(({ device }) => device === 'd-3').map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('the audit has who asked, by which interface, and every state', async () => {
  const { stdout } = await hub.cli(['audit', 'list', '--subject', 'd-1/h-1', '--json']);
  const entries = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  assert.deepEqual(
    entries.map(({ origin, action, outcome }) => [origin, action, outcome]),
    [
      ['cli', 'command.send', 'accepted'],
      ['hub', 'command.status', 'sent'],
      ['hub', 'command.status', 'received'],
      ['hub', 'command.status', 'succeeded'],
      // Another command under the same id, over each interface.
      ['cli', 'command.send', 'refused'],
      ['mqtt', 'command.send', 'refused'],
      ['cli', 'command.send', 'refused'],
    ],
  );
});
