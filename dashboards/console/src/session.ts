/** Who is signed in. The login itself is a cookie that scripts cannot read. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { Operator } from '../../../schemas/api/operators.ts';
import { roles, safetyClasses } from '../../../schemas/api/roles.ts';
import type { Me, Session } from '../../../schemas/api/session.ts';
import { ApiError, ask, messageOf, setLogin } from './api.ts';
import { startLive, stopLive } from './live.ts';
import { texts } from './texts/texts.ts';

type SignedIn =
  | { kind: 'unknown' }
  /** `why`: what the operator should know about it; empty when there is nothing. */
  | { kind: 'signed-out'; why: string }
  | { kind: 'signed-in'; operator: Operator };

const current = signal<SignedIn>({ kind: 'unknown' });
/** What changes must carry. */
let csrf = '';
export const session: ReadonlySignal<SignedIn> = current;

/** The operator who is signed in; only for what is shown to one. */
export function operator(): Operator {
  if (current.value.kind !== 'signed-in') throw new Error('nobody is signed in');
  return current.value.operator;
}

/** Whether the operator's role is at least this one. The hub decides; this only spares a refusal. */
export function mayAs(needed: Operator['role']): boolean {
  return current.value.kind === 'signed-in' && roles.indexOf(operator().role) >= roles.indexOf(needed);
}

/** Whether the operator sees every device, and with that what is about the hub as a whole. */
export function seesAll(): boolean {
  return current.value.kind === 'signed-in' && operator().devices === '*';
}

/** Whether the operator may send commands of this class. The hub decides; this only spares a refusal. */
export function maySend(safety: Operator['safety']): boolean {
  return mayAs('operator') && safetyClasses.indexOf(safety) <= safetyClasses.indexOf(operator().safety);
}

/**
 * Goes on with the login that the browser still has, if it has one. A link `/#screen=TOKEN` makes of this browser a
 * screen that only shows the console, whoever was signed in before.
 */
export async function resumeSession(): Promise<void> {
  const token = screenToken();
  try {
    const me = await cookieOwner();
    if (token === undefined || me?.actor.startsWith('token:') === true) {
      if (me === undefined) leave('');
      else enter(me);
    } else enter(await ask('POST /api/v1/screen-login', { body: { token } }));
  } catch (error) {
    leave(messageOf(error));
  }
}

/** Who the browser's cookie says it is; undefined: nobody. */
async function cookieOwner(): Promise<Me | undefined> {
  try {
    return await ask('GET /api/v1/me', {});
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return undefined;
    throw error;
  }
}

/** From the fragment, which browsers send to nobody, and which does not stay in the address. */
function screenToken(): string | undefined {
  const token = new URLSearchParams(location.hash.slice(1)).get('screen') ?? undefined;
  if (token !== undefined) history.replaceState(history.state, '', location.pathname + location.search);
  return token;
}

/**
 * @param code of the authenticator app, where the account asks for one
 * @throws ApiError `login-failed` · `code-needed` · `too-many-attempts` · `input-invalid`
 */
export async function signIn(name: string, password: string, code?: string): Promise<void> {
  const body = { name, password, ...(code === undefined ? {} : { code }) };
  enter(await ask('POST /api/v1/login', { body }));
}

/**
 * A change of the own account, which ends its sessions and answers with a new one for this browser.
 * @throws what the change throws; the session is as before then
 */
export async function changeSession(change: () => Promise<Session>): Promise<void> {
  const before = { ...operator(), csrf };
  // What is asked meanwhile may still carry the cookie of before.
  setLogin(csrf, () => {});
  stopLive();
  let after: Me = before;
  try {
    after = await change();
  } finally {
    enter(after);
  }
}

/** Makes the first admin's account with the code that the hub printed, and signs in. @throws as `signIn` */
export async function makeFirstAdmin(code: string, name: string, password: string): Promise<void> {
  enter(await ask('POST /api/v1/first-login', { body: { code, name, password } }));
}

export async function signOut(): Promise<void> {
  await ask('POST /api/v1/logout', {});
  leave('');
}

/** The hub ended the login: it was signed out elsewhere, the account changed, or it grew too old. */
function endSession(): void {
  if (current.value.kind === 'signed-in') leave(texts.shell.yourSessionHasEndedSign);
}

function enter({ csrf: token = '', actor, role, devices, safety }: Me): void {
  csrf = token;
  setLogin(csrf, endSession);
  current.value = { kind: 'signed-in', operator: { actor, role, devices, safety } };
  startLive(endSession, async () => {
    // A refusal ends the session, as every one does.
    await ask('GET /api/v1/me', {});
    return true;
  });
}

function leave(why: string): void {
  setLogin('', () => {});
  stopLive();
  current.value = { kind: 'signed-out', why };
}
