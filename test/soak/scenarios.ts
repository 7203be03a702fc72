import { waitFor } from '../helpers/wait-for.ts';
import { Lab, type PublishedIncident } from './lab.ts';
import { letPass } from '../helpers/let-pass.ts';

/** Each scenario runs a real hub and real devices, and returns what it saw; the caller judges. */

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The hub's process is stopped (SIGSTOP) as a blocked event loop would be, several times. */
export async function stall(devices: number, { stallMs = 5_000, rounds = 2, heartbeatSec = 8 } = {}) {
  const lab = await Lab.start({ sites: { a: devices }, heartbeatSec });
  try {
    await lab.connect();
    const fromMs = Date.now();
    for (let round = 0; round < rounds; round += 1) {
      lab.hub.pause();
      await letPass(stallMs);
      lab.hub.resume();
      await letPass(heartbeatSec * 1_500 + 1_500);
    }
    const offline = lab.published(['offline'], fromMs).length;
    const suspect = lab.published(['suspect'], fromMs).length;
    return { devices, stallMs, rounds, offline, suspect, online: lab.online };
  } finally {
    await lab.stop();
  }
}

/** `kill -9` again and again; `dead` of the devices die while the hub is away for the last time. */
export async function restarts(devices: number, { kills = 20, dead = 20, heartbeatSec = 4 } = {}) {
  const lab = await Lab.start({ sites: { a: devices }, heartbeatSec });
  try {
    await lab.connect();
    const fromMs = Date.now();
    for (let kill = 0; kill < kills; kill += 1) {
      await lab.hub.kill('SIGKILL');
      if (kill === kills - 1) break;
      await lab.restart();
      // Some kills hit a fleet that is half back.
      if (kill % 3 === 0) await letPass(1_500);
      else await lab.allOnline();
    }
    const doomed = [...lab.clients].slice(0, dead);
    for (const [id] of doomed) lab.links.get(id)?.vanish();
    let refused = 0;
    let lastWelcomeMs = 0;
    for (const client of lab.clients.values()) {
      client.on('close', ({ kind }) => (refused += kind === 'refused' ? 1 : 0));
      client.on('welcome', () => (lastWelcomeMs = Date.now()));
    }
    const falseOffline = lab.published(['offline'], fromMs).length;
    await lab.restart();
    const readyMs = Date.now();
    const graceMs = lab.backoffMaxMs + heartbeatSec * 1_500;
    await waitFor(() => lab.published(['offline'], readyMs).length >= dead, {
      what: 'every dead device is found',
      timeoutMs: graceMs + 20_000,
    });
    const found = lab.published(['offline'], readyMs);
    // What the hub itself says was no silence: too busy to let devices in, or blocked.
    const turnedAwayMs = Math.round((await lab.metric('hub_turned_away_seconds_total')) * 1_000);
    const stalledMs = Math.round((await lab.metric('hub_stall_seconds_total')) * 1_000);
    await letPass(1_000);
    const ids = new Set(doomed.map(([id]) => id));
    return {
      devices,
      kills,
      dead,
      alive: devices - dead,
      graceMs,
      turnedAwayMs,
      stalledMs,
      allowedMs: graceMs + turnedAwayMs + stalledMs + 500,
      refusedConnects: refused,
      allBackMs: lastWelcomeMs - readyMs,
      falseOffline:
        falseOffline + lab.published(['offline'], readyMs).filter(({ device }) => !ids.has(device)).length,
      trueFound: found.filter(({ device }) => ids.has(device)).length,
      reasons: [...new Set(found.map(({ reason }) => reason))],
      earliestMs: Math.min(...found.map(({ since }) => since)) - readyMs,
      latestMs: Math.max(...found.map(({ since }) => since)) - readyMs,
      latestPublishedMs: Math.max(...found.map(({ atMs }) => atMs)) - readyMs,
      online: lab.online,
    };
  } finally {
    await lab.stop();
  }
}

/** Some links die without a word, some applications hang; the rest goes on. */
export async function halfOpen(devices: number, { faulty = 50, heartbeatSec = 4 } = {}) {
  const lab = await Lab.start({ sites: { a: devices - faulty, b: faulty }, heartbeatSec });
  try {
    // When each device's last frame left it, Unix ms.
    const spoke = new Map<string, number>();
    for (const [id, client] of lab.clients) client.on('sent', () => spoke.set(id, Date.now()));
    await lab.connect();
    await letPass(heartbeatSec * 1_000);
    const hung = [...lab.clients].filter(([id]) => id.startsWith('a-')).slice(0, faulty);
    const hungAt = new Map<string, number>();
    for (const [id] of hung) {
      hungAt.set(id, spoke.get(id) ?? Number.NaN);
      lab.links.get(id)?.hang();
    }
    // Packets of the other site are dropped, not refused: neither end is notified.
    lab.proxies.get('b')?.stall();
    const silent = [...lab.clients.keys()].filter((id) => id.startsWith('b-'));
    for (const id of silent) hungAt.set(id, spoke.get(id) ?? Number.NaN);
    await waitFor(() => lab.published(['offline']).length >= 2 * faulty, {
      what: 'every fault is found',
      timeoutMs: heartbeatSec * 1_500 + 5_000,
      everyMs: 20,
    });
    const found = lab.published(['offline']);
    const dueMs = (device: string): number => (hungAt.get(device) ?? Number.NaN) + heartbeatSec * 1_500;
    const latenessMs = found.map(({ device, atMs }) => atMs - dueMs(device));
    const timerMs = found.map(({ device, since }) => since - dueMs(device));
    return {
      devices,
      faulty: 2 * faulty,
      hung: hung.length,
      silent: silent.length,
      found: found.length,
      falseOffline: found.filter(({ device }) => !hungAt.has(device)).length,
      noHeartbeat: found.filter(({ reason }) => reason === 'no-heartbeat').length,
      linkLost: found.filter(({ reason }) => reason === 'link-lost').length,
      timerEarliestMs: Math.round(Math.min(...timerMs)),
      timerMedianMs: Math.round(percentile(timerMs, 0.5)),
      timerLatestMs: Math.round(Math.max(...timerMs)),
      stalledMs: Math.round((await lab.metric('hub_stall_seconds_total')) * 1_000),
      earliestMs: Math.round(Math.min(...latenessMs)),
      medianMs: Math.round(percentile(latenessMs, 0.5)),
      latestMs: Math.round(Math.max(...latenessMs)),
    };
  } finally {
    await lab.stop();
  }
}

/** A rolling restart: SIGTERM under load, a new process on the same data, devices back in their slots. */
export async function rolling(
  devices: number,
  { acceptPerSec = 200, restartMs = 12_000, heartbeatSec = 10 } = {},
) {
  const env = { HUB_ACCEPT_PER_SEC: String(acceptPerSec), HUB_RESTART_MS: String(restartMs) };
  const lab = await Lab.start({ sites: { a: devices }, heartbeatSec, env });
  try {
    await lab.connect();
    const load = startLoad(lab);
    await letPass(2_000);
    const slots = new Map<string, number>();
    const back = new Map<string, number>();
    const refused: string[] = [];
    for (const [id, client] of lab.clients) {
      client.on('drain', ({ reconnectAfterMs }) => slots.set(id, Date.now() + reconnectAfterMs));
      client.on('welcome', () => back.set(id, Date.now()));
      client.on('close', ({ kind }) => {
        if (kind === 'refused' || kind === 'failed') refused.push(id);
      });
    }
    const stopMs = Date.now();
    const { code } = await lab.hub.kill('SIGTERM');
    const stoppedMs = Date.now() - stopMs;
    const falseOffline = lab.published(['offline']).length;
    await lab.restart();
    const restartedMs = Date.now() - stopMs;
    await waitFor(() => back.size === devices, { what: 'all are back', timeoutMs: 120_000, everyMs: 20 });
    const latenessMs = [...back].map(([id, atMs]) => atMs - (slots.get(id) ?? Number.NaN));
    const perSecond = new Map<number, number>();
    for (const atMs of back.values()) {
      const second = Math.floor((atMs - stopMs) / 1_000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    await load.stop();
    const lost = await missingOf(lab, load.acked);
    return {
      devices,
      exitCode: code,
      stoppedMs,
      restartedMs,
      slots: slots.size,
      refused: refused.length,
      inSlotShare: latenessMs.filter((ms) => ms <= 1e3).length / devices,
      p50Ms: Math.round(percentile(latenessMs, 0.5)),
      p99Ms: Math.round(percentile(latenessMs, 0.99)),
      plannedPerSec: acceptPerSec / 2,
      // A slot lies within its second by chance: two standard deviations of a Poisson count.
      peakLimitPerSec: Math.ceil(acceptPerSec / 2 + 2 * Math.sqrt(acceptPerSec / 2)),
      peakPerSec: Math.max(...perSecond.values()),
      falseOffline: falseOffline + lab.published(['offline']).length,
      ackedPoints: load.acked.size,
      lost,
    };
  } finally {
    await lab.stop();
  }
}

/** A site loses its network at once: half-open links, all of them. The hub is killed while it is away. */
export async function siteLoss(devices: number, { lost = 200, heartbeatSec = 4 } = {}) {
  const lab = await Lab.start({ sites: { a: devices - lost, north: lost }, heartbeatSec });
  try {
    await lab.connect();
    await letPass(1_000);
    lab.proxies.get('north')?.stall();
    await waitFor(() => lab.published(['offline']).length >= lost, {
      what: 'the site is offline',
      timeoutMs: heartbeatSec * 1_500 + 10_000,
    });
    await letPass(2_500);
    const opened: PublishedIncident[] = [...lab.incidents];
    const listed = (await lab.hub.cli(['incident', 'list', '--json'])).stdout.trim().split('\n').length;
    await lab.hub.kill('SIGKILL');
    await lab.restart();
    await waitFor(() => lab.online >= devices - lost, { what: 'the others are back', timeoutMs: 60_000 });
    await lab.proxies.get('north')?.resume();
    lab.proxies.get('north')?.cut();
    await waitFor(() => lab.incidents.some(({ state }) => state === 'closed'), {
      what: 'the incident is over',
      timeoutMs: 60_000,
    });
    const ids = new Set(lab.incidents.map(({ id }) => id));
    const last = lab.incidents.at(-1);
    return {
      devices,
      lost,
      incidents: ids.size,
      listed,
      lastDevices: last?.devices ?? 0,
      first: opened[0],
      last,
    };
  } finally {
    await lab.stop();
  }
}

interface Load {
  /** `device time` of every reading that was acked. */
  acked: Set<string>;
  stop: () => Promise<void>;
}

/** Every device sends a reading a second. */
function startLoad(lab: Lab): Load {
  const acked = new Set<string>();
  const pending = new Set<Promise<void>>();
  const timer = setInterval(() => {
    for (const [id, client] of lab.clients) {
      const ts = Date.now();
      const settled = client.measure('env', { temperature: 20 }, { ts }).then(({ kind }) => {
        if (kind === 'stored') acked.add(`${id} ${ts}`);
        pending.delete(settled);
      });
      pending.add(settled);
    }
  }, 1_000);
  return {
    acked,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
    },
  };
}

/** How many acked readings of some devices the store does not have. */
async function missingOf(lab: Lab, acked: ReadonlySet<string>): Promise<number> {
  let missing = 0;
  for (const id of [...lab.clients.keys()].slice(0, 20)) {
    const { stdout } = await lab.hub.cli(['readings', id, 'env', '--json', '--last', '10000']);
    const stored = new Set(
      stdout
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { timeMs: number }).timeMs),
    );
    for (const key of acked) {
      const [device, ts] = key.split(' ');
      if (device === id && !stored.has(Number(ts))) missing += 1;
    }
  }
  return missing;
}
