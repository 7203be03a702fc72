import { createDeviceClient, type DeviceClient } from '../../../device-sim/client/client.ts';
import type { CommandCall, CommandOutcome } from '../../../device-sim/client/command-runner.ts';
import type { HubProcess } from '../services/process.ts';
import { CommandRecord, FlashSector } from './command-record.ts';

export interface CommandFleet {
  readonly clients: ReadonlyMap<string, DeviceClient>;
  /** What the devices did. */
  readonly record: CommandRecord;
  /** Resolves when every device has had a session. */
  readonly online: Promise<unknown>;
  close(): Promise<void>;
}

/** Registers `count` devices, `PREFIX1…`, and returns their secrets by id. */
export async function registerDevices(
  hub: HubProcess,
  { prefix, count, type }: { prefix: string; count: number; type: string },
): Promise<Map<string, string>> {
  const args = ['device', 'add', '--count', String(count), '--prefix', prefix, '--type', type, '--json'];
  const { stdout, stderr, code } = await hub.cli(args);
  if (code !== 0) throw new Error(stderr);
  const added = stdout.trim().split('\n');
  return new Map(
    added.map((line) => {
      const { id, secret } = JSON.parse(line) as { id: string; secret: string };
      return [id, secret] as const;
    }),
  );
}

/** Reference clients that keep a record of what they did. `act` does the command. */
export function startCommandFleet(
  secrets: ReadonlyMap<string, string>,
  options: {
    url: string;
    type: string;
    commands: readonly string[];
    act: (device: string, call: CommandCall) => CommandOutcome | Promise<CommandOutcome>;
  },
): CommandFleet {
  const clients = new Map<string, DeviceClient>();
  const record = new CommandRecord();
  const online = [...secrets].map(([id, secret]) => {
    const client = createDeviceClient({
      url: options.url,
      id,
      secret,
      deviceType: options.type,
      backoffFirstMs: 100,
      commandStore: new FlashSector(),
    });
    record.follow(client, id, options.commands, options.act);
    clients.set(id, client);
    const welcomed = new Promise((resolve) => {
      client.once('welcome', resolve);
    });
    client.connect();
    return welcomed;
  });
  return {
    clients,
    record,
    online: Promise.all(online),
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
