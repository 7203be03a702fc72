import { hubWithDevices } from './hub-with-devices.ts';
import { runLoad } from './load-run.ts';
import type { Revision } from './revision.ts';

const devices = Number(process.env['BENCH_DEVICES'] ?? 5_000);
/** So long each fleet stays, sending a reading every ten seconds, before its connections are cut. */
const seconds = 10;
const perSec = 0.1;

/**
 * A whole fleet that comes at once, and again after all its connections were cut: until when all are open, how late
 * the hub's timers ran meanwhile, and what became of the readings they then sent.
 */
export async function benchStorm(revision: Revision, tls: boolean): Promise<object> {
  // As many a second as the hub takes: what is measured is the hub, and not its limit.
  const hub = await hubWithDevices(devices, { ...revision, tls, env: { HUB_ACCEPT_PER_SEC: '100000' } });
  try {
    const storms = [];
    for (const storm of ['first', 'again']) {
      const from = performance.now();
      let openMs = Number.NaN;
      let delay: Promise<Record<string, number>> | undefined;
      const report = await runLoad(
        { url: hub.url, devices: hub.credentials, perSec, seconds },
        {
          ready: () => {
            openMs = Math.round(performance.now() - from);
            delay = loopDelay(hub.adminUrl);
          },
        },
      );
      const { sent, acked, nacked } = report;
      storms.push({ storm, openMs, ...(await delay), sent, acked, nacked });
    }
    return { devices, tls, storms };
  } finally {
    await hub.close();
  }
}

/** How late timers ran in the last ten seconds, ms. */
async function loopDelay(adminUrl: string): Promise<Record<string, number>> {
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  const at = (quantile: string): number => {
    const line = new RegExp(`^hub_event_loop_delay_seconds\\{quantile="${quantile}"\\} (\\S+)$`, 'm').exec(
      page,
    );
    return Math.round(Number(line?.[1]) * 1_000);
  };
  return { loopDelayP99Ms: at('0.99'), loopDelayMaxMs: at('1') };
}
