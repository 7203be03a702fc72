import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCredentials, type Credential } from '../device/credentials.ts';
import type { FleetMember } from '../device/fleet.ts';
import type { HubProcess } from './hub-process.ts';

/** The devices of the demo: 25 of three types. */
const plan = [
  { prefix: 'env-', count: 20, type: 'env-sensor@1' },
  { prefix: 'traffic-', count: 3, type: 'traffic-detector@1' },
  { prefix: 'valve-', count: 2, type: 'smart-valve@1' },
] as const;

/**
 * Registers the devices that are missing and returns all of them. Secrets are shown only once, so they are kept in
 * the data folder, readable by its owner only, for the next start.
 * @throws HubFault when devices of these names are registered but their secrets are gone
 */
export async function demoMembers(hub: HubProcess): Promise<FleetMember[]> {
  const file = join(hub.dataDir, 'demo-devices.jsonl');
  const known = await savedCredentials(file);
  for (const { prefix, count, type } of plan) {
    if (known.some(({ id }) => id.startsWith(prefix))) continue;
    const args = ['--count', String(count), '--prefix', prefix, '--type', type, '--site', 'demo'];
    known.push(...(await hub.addDevices(args)));
    await writeFile(file, known.map((credential) => `${JSON.stringify(credential)}\n`).join(''), {
      mode: 0o600,
    });
  }
  return plan.flatMap(({ prefix, type }) =>
    known.filter(({ id }) => id.startsWith(prefix)).map(({ id, secret }) => memberOf({ id, secret, type })),
  );
}

function memberOf(member: FleetMember): FleetMember {
  if (member.id !== lowBattery.device) return member;
  return { ...member, alter: (data) => ({ ...data, battery: lowBattery.volt }) };
}

/** A battery below the alarm limit of env-sensor@1: somebody should acknowledge the alarm. */
const lowBattery = { device: 'env-20', volt: 2.6 };

/** Settings for two twins: one device holds its setting, the other cannot. */
const settings = [
  ['env-1', 'intervalSec=5'],
  ['env-2', 'intervalSec=1'],
] as const;

/** Sets the desired settings of the demo. Setting them again changes nothing. @throws HubFault */
export async function demoSettings(hub: HubProcess): Promise<void> {
  for (const [device, setting] of settings) await hub.command(['twin', device, '--set', setting]);
}

async function savedCredentials(file: string): Promise<Credential[]> {
  try {
    return parseCredentials(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
