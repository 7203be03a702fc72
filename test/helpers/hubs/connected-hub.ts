import type { TestContext } from 'node:test';
import { ManualClock } from '../clock.ts';
import { FakeSession, startCommandHub, type CommandHub } from './dispatcher.ts';

export async function hubWith(
  t: TestContext,
  options: Parameters<typeof startCommandHub>[1] = {},
): Promise<{ hub: CommandHub; clock: ManualClock }> {
  const clock = new ManualClock();
  const hub = await startCommandHub(clock, options);
  t.after(() => hub.close());
  return { hub, clock };
}

export function connect(
  hub: CommandHub,
  options: ConstructorParameters<typeof FakeSession>[1] = {},
): FakeSession {
  const session = new FakeSession('d-1', options);
  hub.dispatcher.sessionOpened(session);
  return session;
}
