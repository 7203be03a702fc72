import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../../soak/lab.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('one wrong secret a second from the address of 50 devices keeps none of them out, over a restart', async () => {
  const lab = await Lab.start({ sites: { a: 50 }, heartbeatSec: 4 });
  const refused = new Map<string, number>();
  /** One of them has a secret that was never right; it knows no backoff. */
  const knocking = setInterval(() => {
    openRaw({ url: lab.hub.deviceUrl, dataDir: lab.hub.dataDir, id: 'a-1', secret: 'wrong' }).catch(
      (error: Error) => refused.set(error.message, (refused.get(error.message) ?? 0) + 1),
    );
  }, 1_000);
  try {
    // Long enough for it to be slowed down itself.
    await waitFor(() => [...refused.keys()].some((text) => text.includes('429')), {
      what: 'the stranger is told to wait',
      timeoutMs: 30_000,
    });
    await lab.connect(lab.backoffMaxMs + 5_000);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await lab.hub.kill(signal);
      const back = new Set<string>();
      for (const [id, client] of lab.clients) client.once('welcome', () => back.add(id));
      await lab.restart();
      await waitFor(() => back.size === lab.clients.size, {
        what: 'all are back',
        timeoutMs: lab.backoffMaxMs + 5_000,
        everyMs: 20,
      });
    }
    assert.deepEqual(lab.published(['offline']), []);
    const counts = JSON.stringify([...refused]);
    assert.ok(![...refused.keys()].some((text) => /101|503/.test(text)), counts);
  } finally {
    clearInterval(knocking);
    await lab.stop();
  }
});
