import assert from 'node:assert/strict';
import { consoleLogins } from '../../helpers/hubs/console-logins.ts';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Audit } from '../../../hub/audit/audit.ts';
import { Shares } from '../../../hub/kernel/share.ts';
import { PasswordJudge } from '../../../hub/operators/password-judge.ts';
import { Admission } from '../../../hub/sessions/admission.ts';
import { RateLimit } from '../../../hub/sessions/rate-limit.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startInProcessHub } from '../../helpers/hubs/in-process-hub.ts';
import { silentLog } from '../../helpers/silent-log.ts';

const readme = readFileSync(new URL('../../../hub/README.md', import.meta.url), 'utf8');
const section = readme.split('\n## Shared bounds\n')[1]?.split('\n## ')[0] ?? '';
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').slice(1, -1))
  .map(([bound = '', size = '', share = '', beyond = '', counter = '']) => ({
    bound: bound.trim(),
    size: Number(size.trim().replaceAll(',', '')),
    /** The first number of it; what is free leaves half of all to one alone. */
    share: share.includes('as many as are free')
      ? Number(size.trim().replaceAll(',', '')) / 2
      : Number(/\d[\d,]*/.exec(share)?.[0].replaceAll(',', '') ?? Number.NaN),
    beyond: beyond.trim(),
    counter: counter.trim().replaceAll('`', ''),
  }));

/** How many of them get in that one sends, and whether another still does. */
type Provoked = { granted: number; another: boolean };

/** Those that are provoked where they are made have a test of their own, which is named. */
const provocations: Readonly<Record<string, ((tries: number) => Promise<Provoked>) | { test: string }>> = {
  'sockets that have proved nothing': { test: 'test/flow/devices/socket-limits.test.ts' },
  'connections of devices': async (tries) => {
    const clock = new ManualClock();
    const deps = { clock, random: () => 0.5, busyShare: () => 0, overloaded: () => false };
    const admission = new Admission(deps, { acceptPerSec: 1_000, backoffMaxMs: 1_000 });
    const granted = times(tries, () => admission.admit('greedy').kind === 'admitted');
    return { granted, another: admission.admit('other').kind === 'admitted' };
  },
  'frames without data, pings': async (tries) => {
    const rates = {
      messagesPerSec: 10,
      bytesPerSec: 1_000_000,
      samplesPerSec: 10,
      logsPerSec: 5,
      inFlight: 8,
    };
    const [greedy, other] = [
      new RateLimit(new ManualClock(), rates),
      new RateLimit(new ManualClock(), rates),
    ];
    return {
      granted: times(tries, () => greedy.takeOther() === 'within'),
      another: other.takeOther() === 'within',
    };
  },
  'lines of logs': async (tries) => {
    const rates = { messagesPerSec: 10, bytesPerSec: 10, samplesPerSec: 10, logsPerSec: 5, inFlight: 8 };
    const [greedy, other] = [
      new RateLimit(new ManualClock(), rates),
      new RateLimit(new ManualClock(), rates),
    ];
    return { granted: times(tries, () => greedy.takeLog()), another: other.takeLog() };
  },
  'passwords that wait': async (tries) => {
    const clock = new ManualClock();
    const holds = (password: string) =>
      new Promise<boolean>((resolve) => {
        clock.after(100, () => resolve(password === 'right'));
      });
    const judge = new PasswordJudge({ clock, holds });
    const judgements: string[] = [];
    const attempt = (name: string, password: string, network: string) => ({
      name,
      password,
      stored: `of ${name}`,
      network,
    });
    for (let n = 0; n < tries; n += 1)
      void judge.judge(attempt('bob', `guess ${n}`, 'x')).then((judged) => judgements.push(judged));
    const own = judge.judge(attempt('anna', 'right', 'y'));
    await clock.advanceAsync(60_000);
    return {
      granted: judgements.filter((judged) => judged !== 'unjudged').length,
      another: (await own) === 'right',
    };
  },
  'console sessions': async (tries) => {
    const { sessions, signIn } = consoleLogins();
    const other = await signIn('operator:anna');
    const own = await Promise.all(Array.from({ length: tries }, () => signIn('operator:bob')));
    return { granted: own.filter((cookie) => sessions.lives(cookie)).length, another: sessions.lives(other) };
  },
  'connections to the broker': { test: 'test/flow/bus/broker.test.ts' },
  'subscriptions of the broker': { test: 'test/flow/bus/broker.test.ts' },
  'readings that wait in PostgreSQL': { test: 'test/unit/telemetry/shared-spool.test.ts' },
  'open commands': async (tries) => {
    const shares = new Shares(20_000);
    const takes = (holder: string): boolean => {
      if (!shares.hasRoom(holder)) return false;
      shares.take(holder);
      return true;
    };
    return { granted: times(tries, () => takes('token:greedy')), another: takes('operator:anna') };
  },
  'open commands of a device': { test: 'test/flow/commands/command-shares.test.ts' },
  'open group commands': { test: 'test/flow/commands/command-shares.test.ts' },
  'open group twins': { test: 'test/unit/twins/group-twin.test.ts' },
  'reports of twins': { test: 'test/unit/twins/twins.test.ts' },
  'open rollouts': { test: 'test/unit/firmware/rollouts.test.ts' },
  'words about updates': { test: 'test/unit/firmware/rollouts.test.ts' },
  'downloads of firmware': { test: 'test/flow/firmware/rollouts.test.ts' },
  'alarms kept': { test: 'test/unit/alarms/alarms.test.ts' },
  webhooks: { test: 'test/unit/alarms/webhooks.test.ts' },
  'deliveries that wait': { test: 'test/unit/alarms/webhooks.test.ts' },
  'dead deliveries kept': { test: 'test/contract/alarms.test.ts' },
  silences: { test: 'test/unit/alarms/alarms.test.ts' },
  schedules: { test: 'test/flow/commands/schedules.test.ts' },
  'scheduled notices': { test: 'test/unit/notices/notices.test.ts' },
  'live sockets': { test: 'test/unit/admin/live-feed.test.ts' },
  'frames of devices, kept': { test: 'test/unit/sessions/frame-log.test.ts' },
  'audit entries kept': { test: 'test/contract/hub.test.ts' },
  'audit entries under way': async (tries) => {
    const written: string[] = [];
    const audit = auditOf(written, new Promise<void>(() => undefined));
    const event = { origin: 'http', action: 'login', subject: 's', outcome: 'done' } as const;
    for (let n = 0; n < tries; n += 1) void audit.record({ ...event, actor: 'token:greedy' });
    void audit.record({ ...event, actor: 'operator:anna' });
    return countOf(written);
  },
  'refusals recorded in a minute': async (tries) => {
    const written: string[] = [];
    const audit = auditOf(written, Promise.resolve());
    const event = { origin: 'http', action: 'login', subject: 's' } as const;
    for (let n = 0; n < tries; n += 1) audit.refused('token:greedy', { ...event, actor: 'token:greedy' });
    audit.refused('operator:anna', { ...event, actor: 'operator:anna' });
    return countOf(written);
  },
  'stored groups': { test: 'test/flow/commands/command-shares.test.ts' },
  accounts: { test: 'test/unit/operators/operators.test.ts' },
  'API tokens': { test: 'test/unit/operators/operators.test.ts' },
  'enrolments that wait': { test: 'test/system/security/enrolment.test.ts' },
  'enrolments to be approved': { test: 'test/system/security/enrolment.test.ts' },
};

function times(tries: number, one: () => boolean): number {
  return Array.from({ length: tries }, one).filter(Boolean).length;
}

function countOf(written: readonly string[]): Provoked {
  const granted = written.filter((actor) => actor === 'token:greedy').length;
  return { granted, another: written.includes('operator:anna') };
}

function auditOf(written: string[], disk: Promise<void>): Audit {
  const store = {
    append: ({ actor }: { actor: string }) => {
      written.push(actor);
      return disk;
    },
    list: () => Promise.resolve([]),
  };
  return new Audit({ store, clock: new ManualClock(), log: silentLog });
}

test('every row of the table of shared bounds is provoked, and nothing else', () => {
  assert.deepEqual(rows.map(({ bound }) => bound).toSorted(), Object.keys(provocations).toSorted());
});

for (const { bound, size, share } of rows) {
  const provoke = provocations[bound];
  test(`one alone has its share of ${bound}, and another still gets in`, async () => {
    if (typeof provoke !== 'function') {
      assert.match(readFileSync(provoke?.test ?? '', 'utf8'), /^(?:test|contract)\(/m);
      return;
    }
    const { granted, another } = await provoke(Math.max(share * 2, 100) || size * 2);
    // Passwords take turns: one more is judged while as many wait.
    if (!Number.isNaN(share)) assert.equal(granted, share);
    else assert.ok(granted > 0 && granted <= size + 1, `${granted}`);
    assert.ok(another);
  });
}

test('every counter of the table is on the metrics page', async (t) => {
  const { hub } = await startInProcessHub(t);
  const page = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  for (const { bound, counter } of rows)
    assert.ok(counter === 'none' || page.includes(`# TYPE ${counter} counter`), `${bound}: ${counter}`);
});
