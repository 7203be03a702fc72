import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab } from '../../soak/lab.ts';
import { openRaw } from '../../helpers/devices/raw-device.ts';
import { waitFor } from '../../helpers/wait-for.ts';

test('one wrong secret a second from the address of 50 devices keeps none of them out, over a restart', async () => {
  const lab = await Lab.start({ sites: { a: 50 }, heartbeatSec: 4 });
  const refused = new Set<string>();
  let letIn = 0;
  /** One of them has a secret that was never right; it knows no backoff. */
  const knocking = setInterval(() => {
    const { deviceUrl: url, dataDir } = lab.hub;
    openRaw({ url, dataDir, id: 'a-1', secret: 'wrong' }).then(
      () => (letIn += 1),
      (error: Error) => refused.add(error.message),
    );
  }, 1_000);
  try {
    // Long enough for it to be slowed down itself.
    await waitFor(() => [...refused].some((text) => text.includes('429')), {
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
    assert.equal(letIn, 0);
  } finally {
    clearInterval(knocking);
    await lab.stop();
  }
});
