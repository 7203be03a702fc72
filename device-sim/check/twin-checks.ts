import type { HubFrame, ObjectDefinition, ValueDefinition } from '../../schemas/index.ts';
import { isJsonObject, mergePatch, type JsonObject } from '../../schemas/twin/merge-patch.ts';
import { isSameJson } from '../../schemas/twin/twin-leaves.ts';
import { valueOf } from '../device/schema-values.ts';
import type { Bench } from './bench.ts';
import { demand, NotApplicable, pause, type Check } from './check.ts';
import type { PlayedSession } from './played-session.ts';

/** Checks of the twin: the device takes the newest desired state as a whole, holds it and reports it. */

/** A setting that a device reports under the same name, and two values of it. */
interface Setting {
  readonly path: readonly string[];
  readonly one: unknown;
  readonly other: unknown;
}

type Desired = Omit<Extract<HubFrame, { type: 'desired' }>, 'type'>;
type Reported = Awaited<ReturnType<typeof reportOf>>;

const triesForAnother = 50;
/** A step in time after which generated values differ, ms. */
const stepMs = 3_600_000;

function firstSetting(
  desired: ObjectDefinition,
  reported: ObjectDefinition,
  path: readonly string[] = [],
): Setting | undefined {
  for (const [name, schema] of Object.entries(desired.properties ?? {})) {
    const same = reported.properties?.[name];
    if (same === undefined) continue;
    const here = [...path, name];
    if (schema.type === 'object') {
      const within = same.type === 'object' ? firstSetting(schema, same, here) : undefined;
      if (within !== undefined) return within;
    } else {
      const one = valueOf(schema, 'check', 0);
      const other = anotherValue(schema, one);
      if (other !== undefined) return { path: here, one, other };
    }
  }
  return undefined;
}

function anotherValue(schema: ValueDefinition, one: unknown): unknown {
  for (let attempt = 1; attempt <= triesForAnother; attempt += 1) {
    const other = valueOf(schema, `other-${attempt}`, attempt * stepMs);
    if (!isSameJson(one, other)) return other;
  }
  return undefined;
}

/** @throws NotApplicable */
function settingOf({ type }: Bench): Setting {
  const { twin } = type.definition;
  const setting = twin && firstSetting(twin.desired, twin.reported);
  if (setting === undefined) throw new NotApplicable('the device type has no setting that is also reported');
  return setting;
}

function stateWith({ path }: Setting, value: unknown): JsonObject {
  return path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as JsonObject;
}

/** The value of the setting in the reports of this session. */
function reportedOf({ heard }: PlayedSession, { path }: Setting): unknown {
  let state: JsonObject = {};
  for (const { frame } of heard) if (frame.type === 'reported') state = mergePatch(state, frame.patch);
  return path.reduce<unknown>((at, name) => (isJsonObject(at) ? at[name] : undefined), state);
}

function reportOf(session: PlayedSession, rev: number, from = 0) {
  return session.next('reported', { wanted: ({ desiredRev }) => desiredRev === rev, from });
}

function demandHeld(
  session: PlayedSession,
  setting: Setting,
  value: unknown,
  { errors = [] }: Reported,
): void {
  const said = reportedOf(session, setting);
  const otherwise = `it says that it has dealt with the revision, but reports ${JSON.stringify(said)} for /${setting.path.join('/')}; desired is ${JSON.stringify(value)}`;
  demand(errors.length > 0 || isSameJson(said, value), otherwise);
}

/** Opens the next session. The welcome has the desired state, unless the device says that it holds the revision already. */
async function openWith(
  bench: Bench,
  desired: Desired,
  { acks = true } = {},
): Promise<{ session: PlayedSession; held?: number | undefined }> {
  const session = await bench.hub.session();
  session.acksReport = ({ desiredRev }) => acks || desiredRev !== desired.rev;
  const { desiredRev: held } = await session.next('hello');
  await session.welcome(held === desired.rev ? {} : { desired });
  return { session, held };
}

/** Brings the device to a state in which it has dealt with this revision and its report is acked. */
async function holding(bench: Bench, desired: Desired): Promise<PlayedSession> {
  bench.device.start();
  const { session } = await openWith(bench, desired);
  await reportOf(session, desired.rev);
  await pause(300);
  return session;
}

/** Brings the device to a state in which it has dealt with revision 7 and its report is not acked. */
async function reporting(bench: Bench) {
  const setting = settingOf(bench);
  const desired: Desired = { rev: 7, state: stateWith(setting, setting.one) };
  bench.device.start();
  const { session } = await openWith(bench, desired, { acks: false });
  return { session, desired, report: await reportOf(session, desired.rev) };
}

export const twinChecks: readonly Check[] = [
  {
    id: 'twin/reported',
    title: 'deals with the desired state of the welcome, and reports its revision and what holds',
    async run(bench) {
      const setting = settingOf(bench);
      bench.device.start();
      const session = await bench.open({ desired: { rev: 7, state: stateWith(setting, setting.one) } });
      const report = await reportOf(session, 7);
      demandHeld(session, setting, setting.one, report);
    },
  },
  {
    id: 'twin/again',
    title: 'sends a report again in each session until it is acked, and not after that',
    async run(bench) {
      const { session: first, desired } = await reporting(bench);
      first.cut();
      const { session: second } = await openWith(bench, desired);
      await reportOf(second, 7);
      await pause(300);
      second.cut();
      const { session: third } = await openWith(bench, desired);
      await pause(1_500);
      const again = third.heard.some(({ frame }) => frame.type === 'reported');
      demand(!again, 'the report is sent again although it was acked');
    },
  },
  {
    id: 'twin/revision',
    title: 'sends the revision that it holds in its next hello',
    async run(bench) {
      const setting = settingOf(bench);
      const desired = { rev: 7, state: stateWith(setting, setting.one) };
      const first = await holding(bench, desired);
      first.cut();
      const { held: rev } = await openWith(bench, desired);
      demand(
        rev === 7,
        `hello.desiredRev is ${rev ?? 'not there'} after revision 7 was dealt with, in the same boot`,
      );
    },
  },
  {
    id: 'twin/newest',
    title: 'ends with the newer of two states that come in quick succession',
    async run(bench) {
      const setting = settingOf(bench);
      bench.device.start();
      const session = await bench.open();
      session.send({ type: 'desired', rev: 8, state: stateWith(setting, setting.one) });
      session.send({ type: 'desired', rev: 9, state: stateWith(setting, setting.other) });
      const report = await reportOf(session, 9);
      await pause(500);
      demandHeld(session, setting, setting.other, report);
    },
  },
  {
    id: 'twin/whole',
    title: 'goes back to its own default when a new state no longer names a setting',
    async run(bench) {
      const setting = settingOf(bench);
      const session = await holding(bench, { rev: 7, state: stateWith(setting, setting.one) });
      session.send({ type: 'desired', rev: 8, state: {} });
      await reportOf(session, 8);
      const kept = isSameJson(reportedOf(session, setting), setting.one);
      demand(
        !kept,
        `/${setting.path.join('/')} still has its former desired value; the newest state does not name it`,
      );
    },
  },
  {
    id: 'twin/reboot',
    title: 'reports what holds after a reboot',
    async run(bench) {
      const setting = settingOf(bench);
      const desired = { rev: 7, state: stateWith(setting, setting.one) };
      await holding(bench, desired);
      await bench.reboot();
      const { session } = await openWith(bench, desired);
      const report = await reportOf(session, 7);
      demandHeld(session, setting, setting.one, report);
    },
  },
  {
    id: 'twin/rate',
    title: 'sends a report again that was nacked rate, not before retryAfterMs',
    async run(bench) {
      const { session, report } = await reporting(bench);
      const { id } = report;
      const from = session.heard.length;
      const nackedMs = performance.now();
      session.send({ type: 'nack', re: id, code: 'rate', retry: true, retryAfterMs: 1_500 });
      await reportOf(session, 7, from);
      const afterMs = performance.now() - nackedMs;
      demand(
        afterMs > 1_400,
        `the report is sent again after ${Math.round(afterMs)} ms; retryAfterMs is 1500`,
      );
    },
  },
  {
    id: 'twin/refused',
    title: 'does not send a report again that was refused permanently',
    async run(bench) {
      const { session, report } = await reporting(bench);
      const { id } = report;
      const from = session.heard.length;
      session.send({ type: 'nack', re: id, code: 'schema', retry: false });
      await pause(1_500);
      const again = session.heard
        .slice(from)
        .some(({ frame }) => frame.type === 'reported' && frame.id === id);
      demand(!again, 'a report that was refused permanently is sent again');
    },
  },
];
