import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinkFaults, makeDevice, RamMemory, wsLinks } from '../../../sdk/typescript/src/node.ts';
import { connectRaw } from '../devices/raw-device.ts';
import { startSecurityHub } from '../hubs/security-hub.ts';
import { startTcpProxy } from '../services/tcp-proxy.ts';
import { waitFor } from '../wait-for.ts';

/**
 * Rotates the secrets of `size` devices while their links are cut at random.
 * @throws AssertionError when one is locked out, keeps its old secret, or is missing in the audit
 */
export async function rotateUnderCuts(size: number): Promise<{ cuts: number; tookMs: number }> {
  const began = performance.now();
  const hub = await startSecurityHub([]);
  const proxy = await startTcpProxy({ port: Number(new URL(hub.deviceUrl).port) });
  const url = `wss://127.0.0.1:${proxy.port}/v1/device`;
  const ca = readFileSync(join(hub.dataDir, 'tls', 'ca.crt'), 'utf8');
  const out = await hub.run(
    'device',
    'add',
    '--count',
    String(size),
    '--prefix',
    'r-',
    '--type',
    'env-sensor@1',
    '--json',
  );
  const devices = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; secret: string });
  const kept = new Map(devices.map(({ id }) => [id, new RamMemory()]));
  const secretsOf = (id: string): { secret?: string; next?: string } =>
    JSON.parse(kept.get(id)?.load('secret') ?? '{}') as { secret?: string; next?: string };
  const links = devices.map(() => new LinkFaults(wsLinks({ ca })));
  const clients = devices.map(({ id, secret }, index) => {
    const client = makeDevice({
      url,
      id,
      secret,
      type: 'env-sensor@1',
      backoffFirstMs: 200,
      memory: kept.get(id),
      remembersCommands: false,
      openLink: links[index]?.open ?? wsLinks({ ca }),
    });
    client.wake();
    return client;
  });
  let cutting: NodeJS.Timeout | undefined;
  try {
    const online = (): boolean => clients.every((client) => client.isOpen);
    await waitFor(online, { what: 'the fleet is online', timeoutMs: 30_000 });

    await hub.run('device', 'rotate', '--all');
    let cuts = 0;
    let open = true;
    // Each link breaks at a moment of its own, a few hundred times in all.
    cutting = setInterval(() => {
      links[Math.floor(Math.random() * size)]?.cut();
      cuts += 1;
      if (cuts % size === 0) proxy.cut();
      open = cuts < (size * 3) / 2;
      if (!open) clearInterval(cutting);
    }, 15);
    await waitFor(() => !open, { what: 'the links were cut', timeoutMs: 30_000 });
    await waitFor(async () => (await hub.metric('hub_rotations_due')) === 0, {
      what: 'every rotation is done',
      timeoutMs: 60_000,
      everyMs: 100,
    });
    await waitFor(online, { what: 'the fleet is online again', timeoutMs: 60_000 });
    await waitFor(() => [...kept.keys()].every((id) => secretsOf(id).next === undefined), {
      what: 'every device has given up its old secret',
    });

    assert.equal(kept.size, size);
    for (const { id, secret } of devices) {
      const now = secretsOf(id).secret;
      assert.ok(now !== undefined && now !== secret);
    }
    const [first] = devices;
    assert.ok(first);
    await assert.rejects(
      connectRaw({ url, dataDir: hub.dataDir, ...first }),
      /401/,
      'the old one is retired',
    );
    const done = (await hub.audit()).filter(({ action }) => action === 'credential.rotate');
    assert.equal(
      new Set(done.map(({ subject }) => subject)).size,
      size + 1,
      'each device, and who asked for it',
    );
    return { cuts, tookMs: performance.now() - began };
  } finally {
    clearInterval(cutting);
    await Promise.all(clients.map((client) => client.close()));
    await proxy.close();
    await hub.close();
  }
}
