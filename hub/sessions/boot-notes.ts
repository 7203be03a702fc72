import { messageOf } from '../kernel/errors.ts';
import type { SessionDeps } from './session-deps.ts';

/** A later boot under the same name is found by its uptime being lower. */
export function noteUptime(
  { registry, log }: Pick<SessionDeps, 'registry' | 'log'>,
  device: string,
  boot: string,
  uptimeMs: number,
): void {
  registry.noteUptime(device, boot, uptimeMs).catch((error: unknown) => {
    log.warn({ device, reason: messageOf(error) }, 'uptime not saved');
  });
}
