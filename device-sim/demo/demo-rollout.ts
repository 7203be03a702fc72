import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubFault, type HubProcess } from './hub-process.ts';

const type = 'env-sensor';
const version = '2.0.0';
/** Simulated devices run any file. */
const firmware = 'firmware of the demo\n'.repeat(3_000);
/** A wave ends after this time, so that a visitor has minutes to watch. */
const soakSec = 60;

/** Starts a rollout for the sensors, which begin each demo with their old firmware. @throws HubFault */
export async function demoRollout(hub: HubProcess, nowMs: number): Promise<void> {
  const file = join(hub.dataDir, 'demo-firmware.bin');
  await writeFile(file, firmware);
  try {
    await hub.command(['firmware', 'add', file, '--type', type, '--version', version]);
  } catch (error) {
    // An earlier demo has added it.
    if (!(error instanceof HubFault) || !error.message.includes('of this version already')) throw error;
  }
  const what = ['--type', type, '--version', version, '--to', `type=${type}`, '--id', `demo-${nowMs}`];
  const how = ['--waves', '2,10,100%', '--max-failures', '5', '--soak', String(soakSec)];
  await hub.command(['rollout', 'start', ...what, ...how]);
}
