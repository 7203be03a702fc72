import { limits, type Check, type FieldError, type TwinError } from '../../schemas/index.ts';
import { mergePatch, type JsonObject } from '../../schemas/twin/merge-patch.ts';
import { differing, isSameJson } from '../../schemas/twin/twin-leaves.ts';
import type { TwinState } from '../../schemas/twin/twin-states.ts';
import type { TwinType } from '../../schemas/twin/twin-type.ts';

/**
 * What one device should hold and what it reports to hold, as a pure machine. Only the newest whole state counts:
 * nothing is queued, so nothing can come late or twice. Where it stands is derived from the two and the connection:
 *
 *                 desired changed, or the device forgot
 *          ┌──────────────────────────────────────────────┐
 *          ▼                                              │
 *   pending (connected) ──dealt with the newest revision──┼─▶ in-sync   every desired value is reported, no errors
 *   waiting (not)                                         └─▶ refused   anything else
 *
 * A report that changes a value moves a twin between in-sync and refused.
 */
export interface Twin {
  readonly desired: JsonObject;
  /** Of desired: rises with each change, and never falls, even when the device is removed. 0: never set. */
  readonly rev: number;
  /** When its revision began, Unix ms. */
  readonly changedMs: number;
  readonly reported: JsonObject;
  readonly reportedMs?: number | undefined;
  /** The revision that the device dealt with; 0: none. */
  readonly dealtRev: number;
  /** What of that revision it could not take. */
  readonly errors: readonly TwinError[];
  /** When its verdict began, Unix ms. */
  readonly verdictMs: number;
}

/** Where a twin stands, whether or not its device is connected. */
export type Verdict = 'open' | 'in-sync' | 'refused';

/** How the hub can reach the device. `too-small`: what is desired is longer than the device can receive. */
export type Link = 'away' | 'connected' | 'too-small';

export type TwinStep =
  { kind: 'changed'; twin: Twin } | { kind: 'unchanged' } | { kind: 'invalid'; error: FieldError };

export const newTwin: Twin = Object.freeze({
  desired: {},
  rev: 0,
  changedMs: 0,
  reported: {},
  dealtRev: 0,
  errors: [],
  verdictMs: 0,
});

const unchanged: TwinStep = { kind: 'unchanged' };

export function verdictOf({ desired, rev, reported, dealtRev, errors }: Twin): Verdict {
  if (dealtRev !== rev) return 'open';
  return errors.length === 0 && differing(desired, reported).length === 0 ? 'in-sync' : 'refused';
}

export function stateOf(verdict: Verdict, link: Link): TwinState {
  if (verdict !== 'open') return verdict;
  if (link === 'away') return 'waiting';
  return link === 'connected' ? 'pending' : 'refused';
}

/** Somebody asks for another desired state. A patch that changes nothing makes no new revision. */
export function changeDesired(
  twin: Twin,
  patch: JsonObject,
  { checkDesired }: TwinType,
  nowMs: number,
): TwinStep {
  const patched = patchedBy(twin.desired, patch, checkDesired);
  if (patched.kind === 'invalid') return patched;
  const { state } = patched;
  if (isSameJson(state, twin.desired)) return unchanged;
  return stepped(twin, { desired: state, rev: twin.rev + 1, changedMs: nowMs }, nowMs);
}

/** What a device reports. `errors` are those of the revision it dealt with. */
export interface Report {
  readonly patch: JsonObject;
  readonly desiredRev?: number | undefined;
  readonly errors?: readonly TwinError[] | undefined;
}

/** The device says what holds. A revision that the hub never gave out is not believed. */
export function takeReport(twin: Twin, report: Report, { checkReported }: TwinType, nowMs: number): TwinStep {
  const patched = patchedBy(twin.reported, report.patch, checkReported);
  if (patched.kind === 'invalid') return patched;
  const { desiredRev, errors = [] } = report;
  const isKnown = desiredRev !== undefined && desiredRev <= twin.rev;
  const dealt = isKnown ? { dealtRev: desiredRev, errors: [...errors] } : {};
  const next = { reported: patched.state, ...dealt };
  if (isSameJson({ ...twin, ...next }, twin)) return unchanged;
  return stepped(twin, { ...next, reportedMs: nowMs }, nowMs);
}

/** Beyond this a device's number is not believed: the hub could not count on from it. */
const farthestRev = Number.MAX_SAFE_INTEGER - 2 ** 32;

/**
 * A session opens. A device that holds another revision than it dealt with has lost that one; a device that holds none any
 * more has forgotten all, so what it reported is not believed either. One that holds a revision this hub never gave out had it
 * from another hub, or from this one before a restore: the same number must not mean two states, so the hub goes beyond it.
 */
export function takeHello(twin: Twin, heldRev: number | undefined, nowMs: number): TwinStep {
  const held = heldRev ?? 0;
  const beyond = held > twin.rev && held < farthestRev ? { rev: held + 1, changedMs: nowMs } : {};
  const isLost = twin.dealtRev !== 0 && held !== twin.dealtRev;
  const lost = isLost ? { dealtRev: 0, errors: [] } : {};
  const forgotten = isLost && held === 0 ? { reported: {}, reportedMs: undefined } : {};
  const next = { ...beyond, ...lost, ...forgotten };
  return Object.keys(next).length === 0 ? unchanged : stepped(twin, next, nowMs);
}

/** The device has a type that no longer takes all of it: what it does not take leaves both states. */
export function fitToType(
  twin: Twin,
  type: TwinType,
  nowMs: number,
): TwinStep & { dropped?: readonly string[] } {
  const desired = fitted(twin.desired, type.checkDesired);
  const reported = fitted(twin.reported, type.checkReported);
  if (desired.dropped.length === 0 && reported.dropped.length === 0) return unchanged;
  const next =
    desired.dropped.length === 0 ? {} : { desired: desired.state, rev: twin.rev + 1, changedMs: nowMs };
  return { ...stepped(twin, { ...next, reported: reported.state }, nowMs), dropped: desired.dropped };
}

function stepped(twin: Twin, next: Partial<Twin>, nowMs: number): { kind: 'changed'; twin: Twin } {
  const changed = { ...twin, ...next };
  // Where nothing was desired or reported before, the verdict begins now, whatever it is.
  const isOther = verdictOf(changed) !== verdictOf(twin) || twin.verdictMs === newTwin.verdictMs;
  return { kind: 'changed', twin: isOther ? { ...changed, verdictMs: nowMs } : changed };
}

function patchedBy(
  state: JsonObject,
  patch: JsonObject,
  check: Check,
): { kind: 'patched'; state: JsonObject } | { kind: 'invalid'; error: FieldError } {
  const patched = mergePatch(state, patch);
  const error = tooLarge(patch) ?? check(patched) ?? tooLarge(patched);
  return error === undefined ? { kind: 'patched', state: patched } : { kind: 'invalid', error };
}

function tooLarge(value: JsonObject): FieldError | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= limits.twinBytes) return undefined;
  const expected = `at most ${limits.twinBytes} bytes as JSON`;
  return { path: '', keyword: 'maxLength', expected, got: `${bytes} bytes` };
}

/** The state without what the check refuses. */
function fitted(state: JsonObject, check: Check): { state: JsonObject; dropped: string[] } {
  const dropped: string[] = [];
  let left = state;
  for (let fault = check(left); fault !== undefined; fault = check(left)) {
    const next = without(left, settingOf(left, fault.path));
    // A check that blames nothing that is there cannot be satisfied by leaving something out.
    if (next === undefined) return { state: {}, dropped: [...dropped, ''] };
    dropped.push(fault.path);
    left = next;
  }
  return { state: left, dropped };
}

/** The members on the way to what is at fault; an array goes as a whole. */
function settingOf(state: JsonObject, pointer: string): string[] {
  const names: string[] = [];
  let at: unknown = state;
  for (const token of pointer.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) break;
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    names.push(name);
    at = (at as JsonObject)[name];
  }
  return names;
}

function without(state: JsonObject, [name, ...rest]: readonly string[]): JsonObject | undefined {
  if (name === undefined || !Object.hasOwn(state, name)) return undefined;
  const removal = rest.reduceRight<unknown>((inner, outer) => ({ [outer]: inner }), null);
  return mergePatch(state, { [name]: removal });
}
