#!/usr/bin/env node
/** `npm run demo`, and `device-hub demo` of the package: a hub with its embedded defaults, 25 simulated devices, and a live status of both. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { terminalText } from '../../schemas/terminal-text.ts';
import { parsePositive, untilStopped } from '../cli/sim-context.ts';
import { systemClock } from '../../schemas/time/clock.ts';
import { listenersFrom, parsePortBase } from './demo-ports.ts';
import { demoMembers, demoSettings } from './demo-fleet.ts';
import { demoRollout } from './demo-rollout.ts';
import { commandsText, introductionText, statusText, wayOut } from './demo-texts.ts';
import type { Device } from '../../sdk/typescript/src/node.ts';
import { startTroubles, troubled, troubleText } from './demo-troubles.ts';
import { shippedTypes } from '../device/played-type.ts';
import { startFleet, type Fleet } from '../device/fleet.ts';
import { Rates, readHubNumbers } from '../verify/hub-numbers.ts';
import { HubFault, startHubProcess, type HubProcess } from './hub-process.ts';
import { startStatusLine, type StatusLine } from '../cli/status-line.ts';

interface DemoOptions {
  duration?: number;
  portBase?: number;
  trouble?: true;
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

const { duration, portBase, trouble } = new Command('demo')
  .description('run a hub and 25 simulated devices; the HUB_* variables apply')
  .option('--duration <seconds>', 'stop after this time', parsePositive)
  .option('--trouble', 'some devices leak, flap, send nonsense or go back to their old firmware')
  .option('--port-base <port>', 'take this port and the next two, on 127.0.0.1', parsePortBase)
  .parse()
  .opts<DemoOptions>();

const { stdout } = process;
const dataDir = process.env['HUB_DATA_DIR'] ?? 'var/demo';
const logFile = join(dataDir, 'demo-hub.log');
const before: string[] = [];
const clients = new Map<string, Device>();
let say = (text: string): void => void before.push(text);

try {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  stdout.write('starting the hub…\n');
  const listeners = portBase === undefined ? {} : listenersFrom(portBase);
  // Of its own, so that types can be changed in the console; what was changed before stays.
  const typesDir = join(dataDir, 'device-types');
  await cp(shippedTypes, typesDir, { recursive: true, force: false });
  const env = { HUB_SCHEMAS_DIR: typesDir, ...listeners, ...process.env, HUB_DATA_DIR: dataDir };
  const hub = await startHubProcess({
    env,
    logFile,
    onWarning: (text) => say(text),
    onStarting: (text) => stdout.write(terminalText(`the hub is starting, ${text}\n`)),
    signal: stop.signal,
  });
  process.exitCode = await runDemo(hub);
} catch (error) {
  if (!(error instanceof HubFault)) throw error;
  for (const text of before) process.stderr.write(terminalText(`${text}\n`));
  process.stderr.write(terminalText(`${error.message}\n${wayOut(error.message)}`));
  process.exitCode = 1;
}

/** Runs the devices until Ctrl-C, the end of the duration or the end of the hub; always stops the hub. */
async function runDemo(hub: HubProcess): Promise<number> {
  let fleet: Fleet | undefined;
  try {
    fleet = await startDevices(hub);
    stdout.write(
      introductionText({ hub, dataDir, mqttRoot: process.env['HUB_MQTT_ROOT'] ?? 'hub/v1', logFile }),
    );
    if (trouble === true) stdout.write(`${troubleText}\n`);
    void askOfFleet(hub);
    const endTroubles =
      trouble === true ? startTroubles(fleet, clients, systemClock) : (): undefined => undefined;
    const rates = await watch(hub, fleet).finally(endTroubles);
    const droppedBefore = fleet.counters().dropped;
    // The fleet settles what is in flight while it closes, so it is counted afterwards.
    await fleet.close();
    const { sent, stored, refused, dropped } = fleet.counters();
    const lost = dropped - droppedBefore;
    stdout.write(
      [
        '',
        `readings and events: ${sent} sent, ${stored} acked as stored, ${refused} rejected, ${lost} unsettled at the end`,
        `commands completed: ${rates.latest === undefined ? 'unknown' : commandsText(rates.latest)}`,
        `the data is in ${dataDir}; the next run continues with the same devices`,
        '',
      ].join('\n'),
    );
  } finally {
    await fleet?.close();
    process.exitCode = (await hub.stop()) === 0 ? 0 : 1;
  }
  return process.exitCode;
}

/** Sets twins and starts the rollout, while the status is shown already. */
async function askOfFleet(hub: HubProcess): Promise<void> {
  try {
    await demoSettings(hub);
    await demoRollout(hub, systemClock.now());
  } catch (error) {
    if (!(error instanceof HubFault)) throw error;
    if (!stop.signal.aborted) say(error.message);
  }
}

async function startDevices(hub: HubProcess): Promise<Fleet> {
  const members = await demoMembers(hub);
  // Absent when HUB_TLS_CERT gives the hub a certificate: then the CAs of the machine apply.
  const ca = await readFile(join(hub.dataDir, 'tls', 'ca.crt'), 'utf8').catch(() => undefined);
  return startFleet({
    url: hub.deviceUrl,
    seed: 'demo',
    members: trouble === true ? troubled(members) : members,
    ca,
    onClient(client, { id }) {
      clients.set(id, client);
      client.on('trouble', (what) => say(`${id}: ${what}`));
      client.on('result', ({ status, error }, { name }) => {
        say(`${id}: ${name} ${status}${error === undefined ? '' : ` (${error})`}`);
      });
    },
  });
}

async function watch(hub: HubProcess, fleet: Fleet): Promise<Rates> {
  const rates = new Rates();
  const status: StatusLine = startStatusLine(stdout, () => statusText(fleet.devices.length, rates), {
    clock: systemClock,
    plainEveryMs: 5000,
  });
  say = (text) => status.say(text);
  for (const text of before.splice(0)) status.say(text);
  const read = async (): Promise<void> => {
    try {
      rates.add(performance.now(), await readHubNumbers(hub.adminUrl));
    } catch (error) {
      if (!stop.signal.aborted) say(`no metrics: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const reading = setInterval(() => void read(), 1000);
  const hubGone = hub.exited.then((code) => `the hub stopped unexpectedly with code ${code}; see ${logFile}`);
  const why = await Promise.race([untilStopped(stop.signal, duration), hubGone]);
  clearInterval(reading);
  if (why === undefined) await read();
  stdout.write(`${statusText(fleet.devices.length, rates)}\n`);
  status.close();
  say = (text) => void stdout.write(terminalText(`${text}\n`));
  if (why !== undefined) throw new HubFault(why);
  return rates;
}
