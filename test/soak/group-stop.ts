import assert from 'node:assert/strict';
import { registerDevices, startCommandFleet } from '../helpers/drills/command-fleet.ts';
import { spawnHub } from '../helpers/services/process.ts';

/** A group command to 300 devices, a fifth of which fail: it stops in its first wave. */
export async function groupStop(): Promise<unknown> {
  const hub = await spawnHub({ env: { HUB_TLS: 'off' } });
  const secrets = await registerDevices(hub, { prefix: 'd-', count: 300, type: 'env-sensor@1' });
  const fleet = startCommandFleet(secrets, {
    url: hub.deviceUrl,
    type: 'env-sensor@1',
    commands: ['identify'],
    act: (device) => ({ status: Number(device.slice(2)) % 5 === 0 ? 'failed' : 'succeeded' }),
  });
  try {
    await fleet.online;
    const args = [
      'command',
      'send',
      '--to',
      'type=env-sensor',
      'identify',
      '--id',
      'g-1',
      '--max-failures',
      '3',
    ];
    const { stdout } = await hub.cli([...args, '--wait', '--json']);
    const { devices, ...report } = JSON.parse(stdout) as { status: string; devices: { status: string }[] };
    assert.equal(report.status, 'stopped');
    assert.ok(fleet.record.executions.length <= 30, `${fleet.record.executions.length} devices were reached`);
    assert.equal(devices.length, 300);
    return { ...report, reached: fleet.record.executions.length };
  } finally {
    await fleet.close();
    await hub.close();
  }
}
