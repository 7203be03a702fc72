import type { CloseReason } from '../../schemas/index.ts';
import type { SessionDeps } from './session-deps.ts';

interface Newcomer {
  readonly deviceId: string;
  readonly address: string;
  close(reason: CloseReason, retryAfterMs?: number): void;
}

/** False: two devices fight for the id, and this one, or both, have to wait. */
export function mayOpen(
  { clones, sessions, deviceEvents }: Pick<SessionDeps, 'clones' | 'sessions' | 'deviceEvents'>,
  newcomer: Newcomer,
  boot: string,
): boolean {
  const { deviceId, address } = newcomer;
  const incumbent = sessions.get(deviceId);
  const verdict = clones.judge(deviceId, { boot, address }, incumbent);
  if (verdict.kind === 'admit') return true;
  deviceEvents.record(deviceId, { kind: 'held', address, boot });
  newcomer.close('cloned-credential', verdict.retryAfterMs);
  if (verdict.both) incumbent?.close('cloned-credential', verdict.retryAfterMs);
  return false;
}
