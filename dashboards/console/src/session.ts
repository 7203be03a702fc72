/** Who is signed in. The login itself is a cookie that scripts cannot read. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { ApiError, get, messageOf, post, setLogin } from './api.ts';
import { startLive, stopLive } from './live.ts';

export interface Operator {
  /** Such as `operator:anna`. */
  actor: string;
  role: 'viewer' | 'operator' | 'admin';
  /** `*`, or which devices these rights are about. */
  devices: string;
  /** Commands up to this class. */
  safety: 'observe' | 'config' | 'actuate' | 'critical';
}

type Session =
  | { kind: 'unknown' }
  /** `why`: what the operator should know about it; empty when there is nothing. */
  | { kind: 'signed-out'; why: string }
  | { kind: 'signed-in'; operator: Operator };

type Login = Operator & { csrf: string };

const current = signal<Session>({ kind: 'unknown' });
export const session: ReadonlySignal<Session> = current;

/** The operator who is signed in; only for what is shown to one. */
export function operator(): Operator {
  if (current.value.kind !== 'signed-in') throw new Error('nobody is signed in');
  return current.value.operator;
}

const roles = ['viewer', 'operator', 'admin'] as const;

/** Whether the operator's role is at least this one. The hub decides; this only spares a refusal. */
export function mayAs(needed: Operator['role']): boolean {
  return current.value.kind === 'signed-in' && roles.indexOf(operator().role) >= roles.indexOf(needed);
}

const safetyClasses = ['observe', 'config', 'actuate', 'critical'] as const;

/** Whether the operator may send commands of this class. The hub decides; this only spares a refusal. */
export function maySend(safety: Operator['safety']): boolean {
  return mayAs('operator') && safetyClasses.indexOf(safety) <= safetyClasses.indexOf(operator().safety);
}

/** Goes on with the login that the browser still has, if it has one. */
export async function resumeSession(): Promise<void> {
  try {
    enter(await get<Login>('/me'));
  } catch (error) {
    const nothingWrong = error instanceof ApiError && error.status === 401;
    leave(nothingWrong ? '' : messageOf(error));
  }
}

/** @throws ApiError `unauthorized` · `too-many-attempts` · `input-invalid` */
export async function signIn(name: string, password: string): Promise<void> {
  enter(await post<Login>('/login', { name, password }));
}

/** Makes the first admin's account with the code that the hub printed, and signs in. @throws as `signIn` */
export async function makeFirstAdmin(code: string, name: string, password: string): Promise<void> {
  enter(await post<Login>('/first-login', { code, name, password }));
}

export async function signOut(): Promise<void> {
  await post('/logout');
  leave('');
}

/** The hub ended the login: it was signed out elsewhere, the account changed, or it grew too old. */
function endSession(): void {
  if (current.value.kind === 'signed-in') leave('Your session has ended. Sign in again.');
}

function enter({ csrf, ...who }: Login): void {
  setLogin(csrf, endSession);
  current.value = { kind: 'signed-in', operator: who };
  startLive(endSession, async () => {
    // A refusal ends the session, as every one does.
    await get('/me');
    return true;
  });
}

function leave(why: string): void {
  setLogin('', () => {});
  stopLive();
  current.value = { kind: 'signed-out', why };
}
