import { createDeviceClient, type DeviceClient } from '../../../device-sim/client/client.ts';
import type { CommandCall, CommandOutcome } from '../../../device-sim/client/command-runner.ts';
import type { CommandStore, RememberedCommand } from '../../../device-sim/client/command-memory.ts';
import type { HubProcess } from '../services/process.ts';

/** One thing a device did, by its own clock and its own reckoning of the hub's. */
export interface Execution {
  readonly device: string;
  readonly id: string;
  readonly hubTimeMs: number;
  readonly deadlineMs: number;
  readonly params: unknown;
}

export interface CommandFleet {
  readonly clients: ReadonlyMap<string, DeviceClient>;
  readonly executions: readonly Execution[];
  /** How each command ended in the device's own record, by device/id. */
  readonly results: ReadonlyMap<string, string>;
  /** Resolves when every device has had a session. */
  readonly online: Promise<unknown>;
  close(): Promise<void>;
}

/** Memory that outlives a client, as a flash sector outlives a boot. */
class Sector implements CommandStore {
  #commands: readonly RememberedCommand[] = [];

  load(): readonly RememberedCommand[] {
    return this.#commands;
  }

  save(commands: readonly RememberedCommand[]): void {
    this.#commands = commands.map((command) => ({ ...command }));
  }
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
  const executions: Execution[] = [];
  const results = new Map<string, string>();
  const online = [...secrets].map(([id, secret]) => {
    const client = createDeviceClient({
      url: options.url,
      id,
      secret,
      deviceType: options.type,
      backoffFirstMs: 100,
      commandStore: new Sector(),
    });
    for (const name of options.commands) {
      client.onCommand(name, (call) => {
        const { id: command, deadline, params } = call;
        const hubTimeMs = client.hubTime() ?? Number.NaN;
        executions.push({ device: id, id: command, hubTimeMs, deadlineMs: deadline, params });
        return options.act(id, call);
      });
    }
    client.on('result', ({ re, status }) => results.set(`${id}/${re}`, status));
    clients.set(id, client);
    const welcomed = new Promise((resolve) => {
      client.once('welcome', resolve);
    });
    client.connect();
    return welcomed;
  });
  return {
    clients,
    executions,
    results,
    online: Promise.all(online),
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
