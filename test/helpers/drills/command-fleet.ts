import {
  makeDevice,
  RamMemory,
  type CommandCall,
  type CommandOutcome,
  type Device,
} from '../../../sdk/typescript/src/node.ts';
import type { HubProcess } from '../services/process.ts';
import { CommandRecord } from './command-record.ts';

export interface CommandFleet {
  readonly clients: ReadonlyMap<string, Device>;
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
  const clients = new Map<string, Device>();
  const record = new CommandRecord();
  const online = [...secrets].map(([id, secret]) => {
    const client = makeDevice({
      url: options.url,
      id,
      secret,
      type: options.type,
      backoffFirstMs: 100,
      memory: new RamMemory(),
    });
    record.follow(client, id, options.commands, options.act);
    clients.set(id, client);
    const welcomed = new Promise((resolve) => {
      client.once('welcome', resolve);
    });
    client.wake();
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
