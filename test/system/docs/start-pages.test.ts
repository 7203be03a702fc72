import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, newReader, type NewReader } from '../../helpers/docs/new-reader.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The pages for the first day, and that of the API, followed word for word. Only ports and `npm ci` are others: the packages are there. */

const onTime = { timeoutMs: 60_000, everyMs: 20 };

/** What is different each time: the code of the first login. */
function comparable(text: string): string {
  return text.replaceAll(/#code=\S+/gu, '#code=…').trim();
}

/** The page about the API, with the demo of the start page. */
async function followsApiPage(reader: NewReader): Promise<void> {
  const [token = '', ...requests] = blocksOf('docs/http-api.md', 'sh');
  const [create = '', , address = ''] = token.trim().split('\n');
  const secret = /^script +(\S+)$/mu.exec(await reader.does(create))?.[1] ?? '';
  const given = `export TOKEN=${secret}\n${address}\n`;
  const expected = [
    [/"id":"env-1",.*"next":"env-10"/u, /"id":"env-11",/u],
    [/"name":"set-interval","status":"succeeded"/u],
    [/"id":"blink-1",.*"final":false/u, /"id":"blink-1",/u],
    [/^\{"readings":\[\{"timeMs":/u, /"env-1":\{"temperature":/u],
  ];
  assert.equal(requests.length, expected.length);
  for (const [at, block] of requests.entries()) {
    const commands = block.split(/^(?=curl)/mu);
    assert.equal(commands.length, expected[at]?.length);
    for (const [n, command] of commands.entries())
      assert.match(await reader.does(`${given}${command}`), expected[at]?.[n] ?? /^$/u, command);
  }
}

test('the start page: the demo prints what the page shows, and each of its commands does what it is for', async (t) => {
  const reader = await newReader(t);
  const [run = '', , ...inSecondTerminal] = blocksOf('docs/start.md', 'sh');
  const [printed = ''] = blocksOf('docs/start.md', '');
  const demo = await reader.begins(run);
  await waitFor(() => /devices online 25\/25/u.test(demo.output()), {
    what: '25 devices are online',
    ...onTime,
  });

  const shown = printed.slice(printed.indexOf('starting the hub'), printed.indexOf('devices online'));
  const output = demo.output();
  assert.equal(
    comparable(output.slice(output.indexOf('starting the hub'), output.indexOf('devices online'))),
    comparable(reader.reads(shown)),
  );

  const expected = new Map([
    ['device list', /^env-1 +env-sensor@1 +demo +online /mu],
    ['readings', /^TIME .*temperature$/mu],
    ['command send', /identify: succeeded/u],
    ['twin', /^env-2 is refused since /mu],
    ['rollout list', / env-sensor +2\.0\.0 +running /u],
    ['alarm list', /^DEVICE +SOURCE/mu],
    ['mosquitto_pub', /^$/u],
  ]);
  const lines = [...inSecondTerminal.join('\n').split('\n'), ...shown.split('\n')]
    .map((line) => line.trim())
    .filter((line) => /^(?:HUB_DATA_DIR=|mosquitto_pub )/u.test(line));
  for (const line of lines) {
    const [what, wanted] = [...expected].find(([each]) => line.includes(each)) ?? [];
    assert.ok(wanted !== undefined, `the test knows what ${line} is for`);
    assert.match(await reader.does(line), wanted, line);
    t.diagnostic(`${what}: as the page says`);
  }
  assert.ok(lines.length >= 10, `${lines.length} commands are on the page`);

  await followsApiPage(reader);

  const listen = shown.split('\n').find((line) => line.includes('mosquitto_sub')) ?? '';
  const heard = await reader.begins(`exec ${listen.trim()}`);
  await waitFor(() => /hub\/v1\/presence\/env-1 .*"online"/u.test(heard.output()), {
    what: 'the presence of env-1',
    ...onTime,
  });
});

test('the page of a first device: each command, in the order of the page', async (t) => {
  const reader = await newReader(t);
  const [start = '', register = '', look = '', replay = ''] = blocksOf('docs/first-device.md', 'sh');
  const hub = await reader.begins(start);
  await waitFor(() => /"ready"/u.test(hub.output()), { what: 'the hub is ready', ...onTime });

  const [add = '', simulate = ''] = register.trim().split('\n');
  const secret = /^d-1 +(\S+)$/mu.exec(await reader.does(add))?.[1] ?? '';
  const device = await reader.begins(`exec ${simulate.replace('SECRET', secret)}`);
  await waitFor(() => /"ack","upTo"/u.test(device.output()), { what: 'a reading is acked', ...onTime });

  const [list = '', readings = ''] = look.trim().split('\n');
  assert.match(await reader.does(list), /^d-1 +env-sensor@1 +lab +online /mu);
  assert.match(await reader.does(readings), /^TIME .*\n\d{4}-/u);

  await device.end('SIGINT');
  writeFileSync(
    join(reader.folder, 'office.csv'),
    'time,value\n2026-11-01T10:00:00,70\n2026-11-01T10:01:00,71\n',
  );
  assert.match(await reader.does(replay.replace('SECRET', secret)), /^stored +2$/mu);
});
