import { serviceManagerOf } from '../adapters/systemd.ts';
import type { ServiceManager } from '../kernel/service-manager.ts';
import { terminalText } from '../../schemas/terminal-text.ts';

/** Who has started this process, by its environment. What goes wrong with that is written to `stderr`, once. */
export function createServiceManager({
  env,
  stderr,
}: Pick<NodeJS.Process, 'env' | 'stderr'>): ServiceManager {
  return serviceManagerOf(env, (text) => stderr.write(terminalText(text)));
}
