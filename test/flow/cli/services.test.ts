import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { query, startInflux, type InfluxServer } from '../../helpers/services/influxd.ts';
import { mosquittoPub, mosquittoSub } from '../../helpers/services/mosquitto-clients.ts';
import { startMosquitto } from '../../helpers/services/mosquitto.ts';
import { startTcpProxy } from '../../helpers/services/tcp-proxy.ts';
import { eventOf, waitFor } from '../../helpers/wait-for.ts';

async function writeLine(influx: InfluxServer, line: string): Promise<number> {
  const response = await fetch(`${influx.url}/write?db=fleet&precision=u`, { method: 'POST', body: line });
  return response.status;
}

test('a point written to the real InfluxDB is read back, also after it was killed and restarted', async (t) => {
  const influx = await startInflux();
  t.after(() => influx.close());
  await query(influx.url, '', 'CREATE DATABASE fleet');
  assert.equal(await writeLine(influx, 'env_sensor_env,device=a temperature=21.5 1700000000000001'), 204);
  const firstPid = influx.pid;
  await influx.kill();
  assert.equal(influx.running, false);
  await influx.restart();
  assert.notEqual(influx.pid, firstPid);
  const series = await query(influx.url, 'fleet', 'SELECT temperature FROM env_sensor_env');
  const expected = {
    name: 'env_sensor_env',
    columns: ['time', 'temperature'],
    values: [[1_700_000_000_000_001, 21.5]],
  };
  assert.deepEqual(series, [expected]);
  await assert.rejects(query(influx.url, 'fleet', 'SELEKT'), /error parsing query/);
});

test('a paused InfluxDB takes connections and answers none before it is resumed', async (t) => {
  const influx = await startInflux();
  t.after(() => influx.close());
  for (let round = 0; round < 20; round += 1) {
    influx.pause();
    let answered = false;
    const answer = fetch(`${influx.url}/ping`).then(({ status }) => {
      answered = true;
      return status;
    });
    const socket = connect(influx.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    assert.equal(answered, false);
    influx.resume();
    assert.equal(await answer, 204);
  }
});

test('two InfluxDB servers run side by side and share nothing', async (t) => {
  const [one, two] = await Promise.all([startInflux(), startInflux()]);
  t.after(() => Promise.all([one.close(), two.close()]));
  await query(one.url, '', 'CREATE DATABASE only_here');
  const names = async ({ url }: InfluxServer): Promise<unknown> =>
    (await query(url, '', 'SHOW DATABASES'))[0]?.values?.flat() ?? [];
  assert.deepEqual(await names(one), ['only_here']);
  assert.deepEqual(await names(two), []);
});

/** Starts both servers, says what it has on stdout, and waits to be killed. */
const ownerScript = `
  import { startInflux } from ${JSON.stringify(new URL('../../helpers/services/influxd.ts', import.meta.url).href)};
  import { startMosquitto } from ${JSON.stringify(new URL('../../helpers/services/mosquitto.ts', import.meta.url).href)};
  import { temporaryFolder } from ${JSON.stringify(new URL('../../helpers/services/guard.ts', import.meta.url).href)};
  const [influx, broker] = await Promise.all([startInflux(), startMosquitto()]);
  const gone = await startInflux();
  await gone.close();
  process.stdout.write(JSON.stringify({
    pids: [influx.pid, broker.pid], closedPid: gone.pid, folder: temporaryFolder('owner').path,
  }) + '\\n');
`;

/** A killed orphan stays in the table (state Z) until the system's first process takes note: it is gone all the same. */
function isAlive(pid: number): boolean {
  try {
    if (!existsSync('/proc/self/stat')) return process.kill(pid, 0);
    // proc(5): the state follows the name, which is in parentheses.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

for (const signal of ['SIGKILL', 'SIGINT'] as const) {
  test(`a test run ended by ${signal} leaves no server and no folder behind`, async () => {
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', ownerScript], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await eventOf(createInterface(owner.stdout), 'line', 20_000)) as [string];
    const { pids, closedPid, folder } = JSON.parse(line) as {
      pids: number[];
      closedPid: number;
      folder: string;
    };
    assert.deepEqual(pids.map(isAlive), [true, true]);
    assert.equal(isAlive(closedPid), false);
    assert.ok(existsSync(folder));
    owner.kill(signal);
    await once(owner, 'exit');
    await waitFor(() => !pids.some(isAlive), { what: 'both servers are gone' });
    await waitFor(() => !existsSync(folder), { what: 'the folder is gone' });
  });
}

test('a message published with mosquitto_pub reaches mosquitto_sub with its MQTT 5 properties', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  const subscription = await mosquittoSub(['-p', String(broker.port), '-q', '1', '-t', 'hub/#']);
  t.after(() => subscription.close());
  const properties = ['response-topic', 'answer/here', 'correlation-data', 'c-1'];
  const flags = ['-D', 'publish', ...properties.slice(0, 2), '-D', 'publish', ...properties.slice(2)];
  const body = '{"params":{"seconds":5}}';
  await mosquittoPub([
    '-p',
    String(broker.port),
    '-q',
    '1',
    '-t',
    'hub/v1/command/a/set',
    '-m',
    body,
    ...flags,
  ]);
  const message = await subscription.next('the command', ({ topic }) => topic === 'hub/v1/command/a/set');
  assert.deepEqual(message, {
    topic: 'hub/v1/command/a/set',
    payload: body,
    qos: 1,
    retain: false,
    responseTopic: 'answer/here',
    correlationData: 'c-1',
    userProperties: '',
  });
  await assert.rejects(
    subscription.next('a message nobody sent', () => false, 20),
    /a message nobody sent. What came:\nhub\/v1\/command\/a\/set/,
  );
});

test('a retained message outlives a restart of the broker, on the same port', async (t) => {
  const broker = await startMosquitto();
  t.after(() => broker.close());
  await mosquittoPub(['-p', String(broker.port), '-q', '1', '-r', '-t', 'hub/v1/presence/a', '-m', 'online']);
  await broker.restart();
  const subscription = await mosquittoSub(['-p', String(broker.port), '-t', 'hub/v1/presence/+']);
  t.after(() => subscription.close());
  const message = await subscription.next('the presence', ({ retain }) => retain);
  assert.equal(message.payload, 'online');
});

test('a broker with users refuses a wrong password and heeds its access list', async (t) => {
  const broker = await startMosquitto({ users: { hub: 'right' }, acl: ['user hub', 'topic write a/#'] });
  t.after(() => broker.close());
  const send = (password: string): Promise<void> =>
    mosquittoPub(['-p', String(broker.port), '-u', 'hub', '-P', password, '-q', '1', '-t', 'a/b', '-m', 'x']);
  await send('right');
  await assert.rejects(send('wrong'), /not authori[sz]ed/i);
});

/** A server that answers every chunk with the same bytes, and the connections it has. */
async function startEcho(t: { after(fn: () => void): void }): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function echoThrough(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(text);
  const [data] = (await answer) as [Buffer];
  return data.toString();
}

test('a stalled proxy passes nothing and keeps the sockets; resumed, it delivers what it held', async (t) => {
  const proxy = await startTcpProxy({ port: await startEcho(t) });
  t.after(() => proxy.close());
  const socket = connect(proxy.port, '127.0.0.1');
  t.after(() => socket.destroy());
  assert.equal(await echoThrough(socket, 'before'), 'before');
  let arrived = '';
  socket.on('data', (data: Buffer) => {
    arrived += data.toString();
  });
  proxy.stall();
  socket.write('held');
  // That nothing comes can only be shown for a while; an answer takes well under a millisecond.
  await assert.rejects(eventOf(socket, 'data', 100));
  assert.equal(socket.destroyed, false);
  assert.equal(arrived, '');
  await proxy.resume();
  await waitFor(() => arrived === 'held', { what: 'the held bytes' });
});

test('a proxy stalled one way only lets the server speak', async (t) => {
  const served: Socket[] = [];
  const server = createServer((socket) => void served.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const proxy = await startTcpProxy({ port: (server.address() as AddressInfo).port });
  t.after(() => proxy.close());
  const client = connect(proxy.port, '127.0.0.1');
  t.after(() => client.destroy());
  const peer = await waitFor(() => served[0], { what: 'the connection at the server' });
  peer.on('error', () => peer.destroy());
  proxy.stallClientToServer();
  client.write('up');
  let heard = '';
  peer.on('data', (data: Buffer) => {
    heard += data.toString();
  });
  peer.write('down');
  const [data] = await eventOf(client, 'data');
  assert.equal(String(data), 'down');
  assert.equal(heard, '');
  await proxy.resume();
  await waitFor(() => heard === 'up', { what: 'the held bytes at the server' });
});

test('a proxy delays, cuts, refuses, and takes connections again', async (t) => {
  const proxy = await startTcpProxy({ port: await startEcho(t) });
  t.after(() => proxy.close());
  const socket = connect(proxy.port, '127.0.0.1');
  await echoThrough(socket, 'warm');
  proxy.delay(40);
  const sentMs = performance.now();
  assert.equal(await echoThrough(socket, 'late'), 'late');
  assert.ok(performance.now() - sentMs >= 80, 'each way takes 40 ms');
  await proxy.refuse();
  assert.equal(await echoThrough(socket, 'still'), 'still');
  const [refused] = (await eventOf(connect(proxy.port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'ECONNREFUSED');
  const reset = eventOf(socket, 'error');
  proxy.cut();
  const [cut] = (await reset) as [NodeJS.ErrnoException];
  assert.equal(cut.code, 'ECONNRESET');
  await proxy.resume();
  proxy.delay(0);
  const again = connect(proxy.port, '127.0.0.1');
  t.after(() => again.destroy());
  assert.equal(await echoThrough(again, 'back'), 'back');
});
