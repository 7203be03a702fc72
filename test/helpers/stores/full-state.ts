import type { StoredReject } from '../../../hub/admin/rejects.ts';
import type { AuditStore } from '../../../hub/audit/audit.ts';
import type { Command } from '../../../hub/commands/command.ts';
import type { CommandRecord } from '../../../hub/commands/journal.ts';
import type { GroupCommand } from '../../../hub/commands/group/group-command.ts';
import type { Rollout } from '../../../hub/firmware/rollouts/rollout.ts';
import { newUpdate } from '../../../hub/firmware/rollouts/update.ts';
import type { StateStores } from '../../../hub/wiring/state/state-stores.ts';
import type { GroupTwin } from '../../../hub/twins/group/group-twin.ts';
import { newTwin } from '../../../hub/twins/twin.ts';
import { commandStatuses, isFinal } from '../../../schemas/command-status.ts';
import { storedDevice } from './stored-device.ts';
import { alarmChange, oddText as text, storedAlarm, storedSchedule } from './stored-records.ts';

const requester = { actor: 'operator:anna', origin: 'http' } as const;
const ids = ['a', 'b', 'c', 'Ä', '__proto__'];

function command(device: string, id: string, status: Command['status']): Command {
  return {
    device,
    id,
    name: 'look',
    params: { text },
    safety: 'observe',
    offline: 'queue',
    acceptedMs: 1_700_000_000_000.5,
    deadlineMs: 1_700_000_060_000.5,
    status,
    changedMs: 1_700_000_000_001.5,
    cancelRequested: false,
    requester,
  };
}

async function fillDevices({
  devices,
  presence,
  removals,
  events,
  nacks,
  rejects,
  twins,
}: StateStores): Promise<void> {
  await devices.add([
    ...ids.map((id) => storedDevice(id, { labels: { floor: text }, enrolmentId: 'e-1' })),
    ...['gone', 'left', 'never'].map((id) => storedDevice(id)),
  ]);
  for (const id of [...ids, 'gone', 'gone', 'left'])
    await devices.openSession({
      deviceId: id,
      boot: `boot-${id}`,
      uptimeMs: 0.5,
      nowMs: 1_700_000_000_000.125,
    });
  await devices.openSession({
    deviceId: 'a',
    boot: 'boot-2',
    uptimeMs: 7,
    nowMs: 1_700_000_100_000,
    unseenBoots: [{ boot: 'unseen', up: 1.5, anchorMs: 2.5 }],
  });
  await devices.addAnchorStep('a', { boot: 'boot-2', fromMs: 1.5, anchorMs: 2.5 });
  await devices.change(storedDevice('b'), (now) => ({ ...now, disabled: true, rotationDueMs: 9.5 }));
  await presence.savePresence([
    {
      deviceId: 'a',
      state: 'online',
      reason: 'session-opened',
      sinceMs: 1_700_000_000_000.125,
      epoch: 2,
      n: 3,
      marks: { pongMs: 1.5, dataMs: 2 },
      timing: { heartbeatMs: 30_000, graceMs: 15_000 },
    },
    { deviceId: 'b', state: 'sleeping', reason: 'bye', sinceMs: 5, epoch: 1, n: 4, untilMs: 99.5, marks: {} },
  ]);
  await twins.save([{ device: 'gone', twin: { ...newTwin, rev: 4 }, changes: [] }]);
  await devices.remove('gone');
  await devices.remove('left');
  await removals.commandsEnded(['left']);
  await events.save(new Map([['a', () => [{ atMs: 1.5, kind: 'connected', address: text }]]]));
  await nacks.save(new Map([['b', () => [{ atMs: 1.5, code: 'invalid' } as never]]]));
  const common = { type: 'a@1', stream: 'env', field: '/a', rule: 'maximum', firmware: '' };
  const devicesOf: StoredReject['devices'] = [['a', { count: 2, lastMs: 9, message: text }]];
  const reject: StoredReject = { common, by: 'a', count: 2, lastMs: 9, devices: devicesOf };
  await rejects.save(new Map([['x', () => reject]]), 3);
}

/** The queue of a database is bounded. */
async function inParts<T>(items: readonly T[], write: (item: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += 5_000)
    await Promise.all(items.slice(from, from + 5_000).map(write));
}

/** A command in each status, some with an answer that is owed, and `more` of them that are over. */
async function fillCommands({ commands, groupCommands }: StateStores, more: number): Promise<void> {
  for (const [n, status] of commandStatuses.entries()) {
    const record = { command: command('a', `c-${n}`, status) };
    const answerTo = { topic: 'answers/ß', correlation: new Uint8Array([0, n, 255]) };
    const delivery = { key: `k-${n} ß`, expiresMs: 1_800_000_000_000.5 };
    await commands.accept(n % 2 === 0 ? { ...record, answerTo } : record, isFinal(status), delivery);
  }
  await commands.answered([{ device: 'a', id: `c-${commandStatuses.findIndex(isFinal)}` }]);
  const over = Array.from({ length: more }, (_, n) => command(ids[n % 3] ?? 'a', `over-${n}`, 'succeeded'));
  await inParts(over, (each) => commands.accept({ command: each }, true));
  await groupCommands.setGroup({ name: 'south', selector: 'site="Süd"' });
  for (const status of ['running', 'finished'] as const) {
    const groupCommand: GroupCommand = {
      id: `g-${status}`,
      to: 'all',
      name: 'look',
      params: { text },
      wave: 2,
      maxFailures: 1,
      jitterMs: 0.5,
      acceptedMs: 1.5,
      requester,
      status: 'running',
      answerTo: { topic: 't', correlation: new Uint8Array([9, 0]) },
    };
    const targets = ids.map((device) => ({ device, status: 'waiting' as const, reason: undefined }));
    await groupCommands.accept({ groupCommand, targets });
    await groupCommands.saveTargets(groupCommand.id, [
      { index: 1, target: { device: 'b', status: 'failed', reason: text } },
    ]);
    if (status === 'finished') await groupCommands.save({ ...groupCommand, status, endedMs: 5.5 });
  }
}

async function fillTwinsAndFirmware(stores: StateStores): Promise<void> {
  const twin = {
    ...newTwin,
    desired: { text },
    rev: 2,
    changedMs: 1.5,
    reported: { n: 1.5 },
    reportedMs: 2.5,
  };
  const change = { timeMs: 1.5, patch: { a: null, text }, requester };
  await stores.twins.save([
    {
      device: 'a',
      twin,
      changes: [
        { ...change, rev: 1, dropped: ['/old'] },
        { ...change, rev: 2 },
      ],
    },
    { device: 'b', twin: newTwin, changes: [] },
  ]);
  const groupTwin: GroupTwin = {
    id: 'gt-1',
    to: 'all',
    patch: { text },
    wave: 1,
    maxFailures: 0,
    settleSec: 5,
    acceptedMs: 1.5,
    requester,
    status: 'running',
  };
  const targets = ids.map((device) => ({ device, status: 'waiting' as const, reason: undefined }));
  await stores.groupTwins.accept({ groupTwin, targets });
  await stores.groupTwins.accept({ groupTwin: { ...groupTwin, id: 'gt-2' }, targets });
  await stores.groupTwins.save({ ...groupTwin, status: 'finished', endedMs: 7 });
  const sha256 = 'ab'.repeat(32);
  const artifact = {
    type: 'env-sensor',
    version: '2.0.0',
    sha256,
    size: 10,
    signature: 'c2ln',
    addedMs: 1.5,
  };
  await stores.artifacts.add({ ...artifact, actor: text });
  const rollout: Rollout = {
    id: 'r-1',
    to: 'type=env-sensor',
    type: 'env-sensor',
    version: '2.0.0',
    sha256,
    waves: [1, 2],
    maxFailures: 0,
    deadlineSec: 60,
    soakSec: 60,
    seed: 4_294_967_295,
    acceptedMs: 1.5,
    requester,
    status: 'running',
    wave: 0,
    looks: [],
  };
  const update = { ...newUpdate(1.5, { boot: 'b', firmware: '1', here: true }), error: text };
  await stores.rollouts.accept({ rollout, targets: [{ device: 'a', wave: 1, update }] });
  await stores.rollouts.accept({
    rollout: { ...rollout, id: 'r-2' },
    targets: [{ device: 'b', wave: 1, update }],
  });
  await stores.rollouts.save({ ...rollout, status: 'stopped', endedMs: 100, settled: true }, []);
}

async function fillAlarms({ alarms, silences, webhooks, incidents }: StateStores): Promise<void> {
  const url = 'https://example.org/hook';
  await webhooks.add({ name: 'pager', url, secret: text, actor: 'local', createdMs: 1.5 });
  const deliveries = ['d-1', 'd-2'].map((id) => ({ id, webhook: 'pager', createdMs: 1.5, body: '{}' }));
  await alarms.save([
    alarmChange(storedAlarm('a', 'offline', 2), { deliveries }),
    alarmChange(storedAlarm('', 'hub.store', 1)),
  ]);
  await webhooks.bury({ id: 'd-2', webhook: 'pager', deadMs: 2.5, error: 'it answered 500' }, 9);
  for (const id of ['z', 'a'])
    await silences.save({
      id,
      to: 'site=a',
      fromMs: 1.5,
      untilMs: 9,
      reason: text,
      actor: 'local',
      createdMs: 1,
    });
  const incident = { id: 'i-1', sinceMs: 1.5, kind: 'correlated-loss', devices: 2, sample: ['a'] } as const;
  const scope = { by: 'site', value: 'Süd "1"' } as const;
  await incidents.save([
    { ...incident, scope, state: 'open', members: ['a', 'b'] },
    { ...incident, id: 'i-2', scope, state: 'closed', untilMs: 9, members: [] },
  ]);
}

async function fillRecords(stores: StateStores): Promise<void> {
  await stores.schedules.save(storedSchedule('nightly'));
  await stores.notices.save({ id: 'n-1', to: 'all', topic: 'ß', data: { text }, atMs: 9.5, createdMs: 1.5 });
  const rights = { role: 'admin', devices: '*', safety: 'critical', createdMs: 1.5 } as const;
  await stores.operators.addAccount({ name: 'anna', ...rights, passwordHash: text });
  await stores.operators.addToken({ name: 'ci', ...rights, hash: 'ab', notAfterMs: 9 });
  await stores.consoleSessions.add({
    actor: 'operator:anna',
    kind: 'browser',
    address: '192.0.2.1',
    openedMs: 1.5,
    usedMs: 2.5,
    secure: true,
    hash: 'h-1',
    grant: text,
  });
  await stores.enrolments.add({
    id: 'e-1',
    type: 'env-sensor@1',
    site: 'a',
    idPrefix: 'x-',
    uses: 5,
    used: 1,
    notAfterMs: 9,
    createdMs: 1,
    labels: { floor: '1' },
    reEnrolment: 'approve',
    hash: 'ab',
  });
  const asked = { deviceId: 'd-1', enrolmentId: 'e-1', address: '192.0.2.1', askedMs: 1.5 };
  await stores.enrolments.saveRequest({ ...asked, approved: false, claimHash: 'cd' }, undefined);
  await stores.dayCounts.add({ hour: 1, counts: { text } } as never);
  await stores.fleetCourse.save('1', { timeMs: 1, byState: { online: 2 } });
  await stores.hubClock.saveLastMs(1_700_000_000_000.25, 0);
  await stores.upkeep.save(1_700_000_060_000.5);
}

/** Fills an empty state with something of every kind. @param more commands and audit entries beside those */
export async function fillState(stores: StateStores, audit: AuditStore, more: number): Promise<void> {
  await fillDevices(stores);
  await fillCommands(stores, more);
  await fillTwinsAndFirmware(stores);
  await fillAlarms(stores);
  await fillRecords(stores);
  const entry = { timeMs: 1.5, origin: 'http', action: 'device.add', outcome: 'done' } as const;
  const actors = ['local', 'operator:anna', 'address:192.0.2.1'];
  const entries = Array.from({ length: more }, (_, n) => ({
    ...entry,
    actor: actors[n % 3] ?? '',
    subject: `${n} ${text}`,
    details: { n },
  }));
  await inParts(entries, (each) => audit.append(each));
}

/** Everything that the ports hand out of a state, as JSON. */
export async function contentOf(stores: StateStores, audit: AuditStore): Promise<unknown> {
  const all = { limit: 1_000_000 };
  const groups = await stores.groupCommands.list(all.limit);
  const content = {
    devices: await stores.devices.load(),
    boots: await Promise.all(ids.map((id) => stores.devices.anchoredBoots(id))),
    presence: (await stores.presence.loadPresence()).toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)),
    removals: await stores.removals.load(),
    events: [...(await stores.events.load(ids))],
    nacks: [...(await stores.nacks.load(ids))],
    rejects: await stores.rejects.load(),
    dayCounts: await stores.dayCounts.load(),
    fleetCourse: await stores.fleetCourse.load(),
    commands: await stores.commands.list(all),
    open: (await stores.commands.open()).map(unmoved),
    owed: (await stores.commands.unanswered(all)).records.map(unmoved),
    delivered: await Promise.all(commandStatuses.map((_, n) => stores.commands.wasDelivered(`k-${n} ß`))),
    groupCommands: await Promise.all(groups.map(({ id }) => stores.groupCommands.find(id))),
    openGroupCommands: await stores.groupCommands.open(),
    owedGroupCommands: await stores.groupCommands.unanswered(),
    groups: await stores.groupCommands.groups(),
    twins: await stores.twins.page('', all.limit),
    twinOfRemoved: await stores.twins.find('gone'),
    twinHistory: await stores.twins.history('a', all.limit),
    groupTwins: await stores.groupTwins.list(all.limit),
    openGroupTwins: await stores.groupTwins.open(),
    artifacts: await stores.artifacts.load(),
    rollouts: await stores.rollouts.list(all.limit),
    openRollouts: await stores.rollouts.open(),
    schedules: await stores.schedules.load(),
    notices: await stores.notices.load(),
    accounts: await stores.operators.loadAccounts(),
    tokens: await stores.operators.loadTokens(),
    consoleSessions: await stores.consoleSessions.load(),
    enrolments: await stores.enrolments.load(),
    enrolmentRequests: await stores.enrolments.loadRequests(),
    incidents: await stores.incidents.load(),
    alarms: (await stores.alarms.load()).map(({ row }) => row),
    silences: await stores.silences.load(),
    webhooks: await stores.webhooks.webhooks(),
    deliveries: await stores.webhooks.deliveries(),
    deadDeliveries: await stores.webhooks.dead('pager', 9),
    lastMs: await stores.hubClock.lastMs(),
    rolledUpToMs: await stores.upkeep.load(),
    audit: await audit.list(all),
  };
  return JSON.parse(JSON.stringify(content, plain)) as unknown;
}

/** Without how often it was handed on, which is the hubs' own. */
function unmoved({ command: given, answerTo }: CommandRecord): CommandRecord {
  return { command: given, answerTo };
}

function plain(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const { [name]: given } = this;
  // A Buffer is other JSON than the bytes that SQLite gives.
  if (given instanceof Uint8Array) return Buffer.from(given).toString('hex');
  // A text of PostgreSQL holds no NUL.
  return typeof value === 'string' ? value.replaceAll('\0', '\u{fffd}') : value;
}
