import type { Metrics } from '../kernel/metrics.ts';
import type { ConsoleSessions } from './console-sessions.ts';
import type { Operators } from './operators.ts';

export function exposeOperators(
  metrics: Metrics,
  { operators, logins }: { operators: Operators; logins: ConsoleSessions },
): void {
  metrics.counter(
    'hub_logins_unjudged_total',
    'Passwords not judged because too many waited',
    () => operators.unjudged,
  );
  metrics.counter(
    'hub_console_sessions_pushed_out_total',
    'Console sessions that ended because their person signed in too often',
    () => logins.pushedOut,
  );
  metrics.counter(
    'hub_console_session_save_failures_total',
    'Changes of console sessions that are not on disk',
    () => logins.saveFailures,
  );
}
