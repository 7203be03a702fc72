import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { createDeviceClient } from '../../../device-sim/client/client.ts';
import type { CommandCall, CommandHandler } from '../../../device-sim/client/command-runner.ts';
import type { InProcessHub } from '../hubs/in-process-hub.ts';

/** A reference client in a session, and the commands it was given. */
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
  const client = createDeviceClient({ ...hub.device(id), deviceType: type, backoffFirstMs: 100 });
  for (const [name, handler] of Object.entries(handlers)) {
    client.onCommand(name, (call) => {
      calls.push(call);
      return handler(call);
    });
  }
  t.after(() => client.close());
  const welcomed = once(client, 'welcome');
  client.connect();
  await welcomed;
  return { calls };
}
