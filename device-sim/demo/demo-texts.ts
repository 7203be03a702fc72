import type { HubNumbers, Rates } from '../verify/hub-numbers.ts';
import type { HubProcess } from './hub-process.ts';

/** How to call the programs: from a checkout (`.ts`), or from the package, which has JavaScript. */
const programs = import.meta.url.endsWith('.ts')
  ? { hub: 'npm run -s hub --', demo: 'npm run demo', options: ' --' }
  : { hub: 'npx device-hub', demo: 'npx device-hub demo', options: '' };

/** The live status, one line. */
export function statusText(devices: number, rates: Rates): string {
  const { latest } = rates;
  if (latest === undefined) return "waiting for the hub's first metrics";
  return [
    `devices online ${latest.online}/${devices}`,
    `${rates.perSec('frames').toFixed(1)} messages/s`,
    `stored ${rates.perSec('stored').toFixed(1)}/s, ${latest.stored.toLocaleString('en-US')} in total`,
    `commands ${commandsText(latest)}`,
  ].join(' · ');
}

export function commandsText({ commands }: HubNumbers): string {
  const ended = Object.entries(commands).filter(([, count]) => count > 0);
  const total = ended.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return '0';
  return `${total} (${ended.map(([status, count]) => `${count} ${status}`).join(', ')})`;
}

export interface Introduction {
  hub: HubProcess;
  /** As the caller wrote it, for commands that can be copied. */
  dataDir: string;
  mqttRoot: string;
  logFile: string;
}

/** The addresses, and commands to copy. */
export function introductionText({ hub, dataDir, mqttRoot, logFile }: Introduction): string {
  const cli = `HUB_DATA_DIR=${shellWord(dataDir)} ${programs.hub}`;
  const lines = [
    '',
    `  console   ${hub.firstLoginUrl ?? hub.adminUrl}`,
    ...(hub.firstLoginUrl === undefined ? [] : ['            (works once: create the first admin account)']),
    `  devices   ${hub.deviceUrl}`,
    `  health    ${hub.adminUrl}/readyz  ${hub.adminUrl}/metrics`,
    ...(hub.brokerUrl === undefined ? [] : [`  MQTT      ${hub.brokerUrl}`]),
    `  data      ${dataDir} (log: ${logFile})`,
    '',
    'To look at in the console: env-2 cannot hold its settings, the sensors are brought to a new firmware in waves,',
    'and the low battery of env-20 is an alarm to acknowledge after a minute.',
    '',
    'To try in another terminal:',
    '',
    `  ${cli} device list`,
    `  ${cli} readings env-1 env`,
    `  ${cli} twin env-2`,
    `  ${cli} rollout list`,
    `  ${cli} alarm list`,
    ...(hub.brokerUrl === undefined ? [] : mqttLines(hub.brokerUrl, mqttRoot)),
    '',
    'Press Ctrl-C to stop.',
    '',
  ];
  return lines.join('\n');
}

function mqttLines(brokerUrl: string, root: string): string[] {
  const { hostname, port } = new URL(brokerUrl);
  const broker = `-h ${hostname.replace(/^\[|\]$/g, '')} -p ${port === '' ? 1883 : port}`;
  return [
    `  mosquitto_sub ${broker} -v -t '${root}/status/#' -t '${root}/presence/#'`,
    `  mosquitto_pub ${broker} -q 1 -t ${root}/command/env-1/set-interval -m '{"params":{"seconds":1}}'`,
    // A command that moves something needs an id of the caller, so that a repeated packet does not run it twice.
    `  mosquitto_pub ${broker} -q 1 -t ${root}/command/valve-1/set-position -m '{"id":"move-1","params":{"percent":40}}'`,
  ];
}

/** How to solve the usual problems at the start; empty for other faults. */
export function wayOut(message: string): string {
  if (message.includes('address is in use')) {
    return [
      'Another program is using this port. Take three others, for example 9443 to 9445:',
      `  ${programs.demo}${programs.options} --port-base 9443`,
      '',
    ].join('\n');
  }
  if (message.includes('another hub uses this data folder')) {
    return `Stop that hub, or use another folder: HUB_DATA_DIR=var/demo-2 ${programs.demo}\n`;
  }
  if (message.includes('exists already')) {
    return `The folder no longer contains the secrets of these devices. Start with an empty folder: HUB_DATA_DIR=var/demo-2 ${programs.demo}\n`;
  }
  return '';
}

function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
