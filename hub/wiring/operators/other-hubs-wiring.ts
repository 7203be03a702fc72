import type { ConsoleSessions } from '../../operators/console-sessions.ts';
import { OtherHubsChanges } from '../../operators/other-hubs-changes.ts';
import type { Operators } from '../../operators/operators.ts';
import type { HubContext } from '../context.ts';

const lookMs = 1_000;

/** Accounts, tokens and logins that other hubs have changed: rights that were taken away end here, too. */
export function followOtherHubs(
  { clock, log, releasers }: HubContext,
  parts: { operators: Operators; logins: ConsoleSessions },
): OtherHubsChanges {
  const changes = new OtherHubsChanges({ ...parts, clock, log });
  releasers.push(
    'accounts and logins of other hubs',
    clock.every(lookMs, () => void changes.read()),
  );
  return changes;
}
