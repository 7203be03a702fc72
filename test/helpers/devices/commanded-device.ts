import type { TestContext } from 'node:test';
import { makeDevice, type CommandCall, type CommandHandler } from '../../../sdk/typescript/src/node.ts';
import type { InProcessHub } from '../hubs/in-process-hub.ts';
import { eventOf } from '../wait-for.ts';

/** A device of the SDK in a session, and the commands it was given. */
export interface CommandedDevice {
  readonly calls: readonly CommandCall[];
}

/** Connects a registered device that does these commands. Resolves once it has its session. */
export async function startCommandedDevice(
  t: TestContext,
  hub: InProcessHub,
  { id, type = 'env-sensor@1' }: { id: string; type?: string },
  handlers: Readonly<Record<string, CommandHandler>>,
): Promise<CommandedDevice> {
  const calls: CommandCall[] = [];
  const client = makeDevice({ ...hub.device(id), type, backoffFirstMs: 100 });
  for (const [name, handler] of Object.entries(handlers)) {
    client.onCommand(name, (call) => {
      calls.push(call);
      return handler(call);
    });
  }
  t.after(() => client.close());
  const welcomed = eventOf(client, 'welcome');
  client.wake();
  await welcomed;
  return { calls };
}
