import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { CliDeps, StopReason } from '../../../hub/cli/cli-deps.ts';
import type { RunningHub } from '../../../hub/kernel/running-hub.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { dataFolder, runCommand as run, type CliRun } from '../../helpers/cli.ts';
import { ManualClock } from '../../helpers/clock.ts';

/** `start` with a hub and a stop that the test holds in its hands. */
function startable(): {
  deps: Partial<CliDeps>;
  clock: ManualClock;
  logged: () => Record<string, unknown>[];
  ready: Promise<void>;
  closing: Promise<void>;
  started: PromiseWithResolvers<RunningHub>;
  closed: PromiseWithResolvers<Awaited<ReturnType<RunningHub['close']>>>;
  stop: PromiseWithResolvers<StopReason>;
  failed: PromiseWithResolvers<Error>;
  hub: RunningHub;
} {
  const clock = new ManualClock();
  const started = Promise.withResolvers<RunningHub>();
  const stop = Promise.withResolvers<StopReason>();
  const failed = Promise.withResolvers<Error>();
  const closed = Promise.withResolvers<Awaited<ReturnType<RunningHub['close']>>>();
  const ready = Promise.withResolvers<void>();
  const closing = Promise.withResolvers<void>();
  const written: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      if (chunk.includes('"msg":"ready"')) ready.resolve();
      done();
    },
  });
  const hub: RunningHub = {
    deviceUrl: 'wss://127.0.0.1:1/v1/device',
    adminUrl: 'http://127.0.0.1:2',
    brokerUrl: 'mqtt://127.0.0.1:3',
    failed: failed.promise,
    close: () => {
      closing.resolve();
      return closed.promise;
    },
  };
  return {
    deps: {
      clock,
      startHub: () => started.promise,
      stopRequested: () => stop.promise,
      createLog: (level) => createLog({ level, destination }),
    },
    clock,
    logged: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
    ready: ready.promise,
    closing: closing.promise,
    started,
    closed,
    stop,
    failed,
    hub,
  };
}

const sigterm: StopReason = { kind: 'signal', signal: 'SIGTERM' };

test('start says where everything is once it listens, and a signal ends it with 0', async (t) => {
  const dataDir = dataFolder(t);
  const s = startable();
  const ended = run(['start'], dataDir, s.deps);
  s.started.resolve(s.hub);
  await s.ready;
  const { time, ...ready } = s.logged()[0] ?? {};
  assert.match(String(time), /^\d{4}-/);
  assert.deepEqual(ready, {
    level: 30,
    deviceUrl: 'wss://127.0.0.1:1/v1/device',
    adminUrl: 'http://127.0.0.1:2',
    brokerUrl: 'mqtt://127.0.0.1:3',
    dataDir,
    firstLogin: false,
    msg: 'ready',
  });
  s.stop.resolve(sigterm);
  s.closed.resolve({ lost: 0, faults: [] });
  assert.deepEqual(await ended, { code: 0, out: '', err: '' });
  assert.deepEqual(
    s.logged().map(({ msg }) => msg),
    ['ready', 'stopping', 'stopped'],
  );
});

test('a start that cannot write the link for the first admin goes on, and names another way', async (t) => {
  for (const firstLogin of [undefined, 'the-code']) {
    const dataDir = dataFolder(t);
    // A folder in its place can be neither removed nor written, as on a full disk.
    mkdirSync(join(dataDir, 'first-login'));
    const s = startable();
    const ended = run(['start'], dataDir, { ...s.deps, terminal: false });
    s.started.resolve({ ...s.hub, ...(firstLogin === undefined ? {} : { firstLogin }) });
    await s.ready;
    s.stop.resolve(sigterm);
    s.closed.resolve({ lost: 0, faults: [] });
    const { code, err } = await ended;
    assert.equal(code, 0);
    assert.match(err, /first-login cannot be written \(/);
    assert.equal(
      /first admin on the command line: device-hub operator save/.test(err),
      firstLogin !== undefined,
    );
    assert.doesNotMatch(err, /the-code|a bug/);
  }
});

test('the exit code says what went wrong at the end', async (t) => {
  const dataDir = dataFolder(t);
  const cases: [StopReason, { lost: number; faults: { name: string; error: unknown }[] }, number][] = [
    [sigterm, { lost: 0, faults: [{ name: 'bus', error: new Error('gone') }] }, 1],
    [sigterm, { lost: 4, faults: [] }, 3],
    [{ kind: 'crashed', error: new Error('boom') }, { lost: 0, faults: [] }, 70],
    [{ kind: 'failed', error: new Error('the disk is gone') }, { lost: 0, faults: [] }, 1],
  ];
  for (const [reason, closing, code] of cases) {
    const s = startable();
    const ended = run(['start'], dataDir, s.deps);
    s.started.resolve(s.hub);
    await s.ready;
    if (reason.kind === 'failed') s.failed.resolve(new Error('the disk is gone'));
    else s.stop.resolve(reason);
    s.closed.resolve(closing);
    assert.equal((await ended).code, code);
    const last = s.logged().at(-1);
    assert.deepEqual([last?.['msg'], last?.['lost']], ['stopped', closing.lost]);
  }
});

test('a stop that hangs is cut off after ten seconds, and the exit code says so', async (t) => {
  const dataDir = dataFolder(t);
  const s = startable();
  const ended = run(['start'], dataDir, s.deps);
  s.started.resolve(s.hub);
  await s.ready;
  s.stop.resolve(sigterm);
  await s.closing;
  s.clock.advance(9_999);
  assert.equal(s.clock.pending, 1);
  s.clock.advance(1);
  assert.equal((await ended).code, 4);
});

test('a signal while the hub is starting lets it finish and closes it', async (t) => {
  const dataDir = dataFolder(t);
  const s = startable();
  s.stop.resolve(sigterm);
  const ended = run(['start'], dataDir, s.deps);
  s.started.resolve(s.hub);
  await s.closing;
  s.closed.resolve({ lost: 0, faults: [] });
  assert.equal((await ended).code, 0);
});

test('a hub that cannot start says why in one paragraph, without a stack', async (t) => {
  const dataDir = dataFolder(t);
  const fails = (error: Error, env: Record<string, string> = {}): Promise<CliRun> =>
    run(['start'], dataDir, { ...startable().deps, startHub: () => Promise.reject(error), env });
  const taken = new HubError(
    'address-in-use',
    '0.0.0.0:8443 (HUB_DEVICE_LISTEN): end the program that listens there',
  );
  const refused = await fails(taken);
  assert.equal(refused.code, 1);
  assert.equal(refused.err, `device-hub: ${taken.message}\n`);
  assert.match((await fails(taken, { HUB_LOG_LEVEL: 'debug' })).err, /\n +at /);
  const crash = await fails(new TypeError('x is not a function'));
  assert.equal(crash.code, 70);
  assert.match(crash.err, /bug in the program; set HUB_LOG_LEVEL=debug/);
  assert.equal((await run(['start'], dataDir, { env: { HUB_IN_FLIGHT: '0' } })).code, 2);
});

test('every exit code of the start is in its help', async (t) => {
  const { out } = await run(['start', '--help'], dataFolder(t));
  const source = readFileSync(new URL('../../../hub/cli/exit-codes.ts', import.meta.url), 'utf8');
  const codes = [...source.matchAll(/: (\d+),/g)].map(([, code]) => code);
  assert.equal(codes.length, 6);
  for (const code of codes) assert.match(out, new RegExp(`\\b${code} `));
});
