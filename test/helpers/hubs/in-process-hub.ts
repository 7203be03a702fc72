import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { AnswerTo, ApiRoute, RequestTo } from '../../../schemas/api/document/api.ts';
import { readConfig } from '../../../hub/config/config.ts';
import { adminClient, callApi } from '../../../hub/cli/admin-client.ts';
import { startHub } from '../../../hub/hub.ts';
import type { RunningHub } from '../../../hub/kernel/running-hub.ts';
import { createLog } from '../../../hub/kernel/log.ts';
import { temporaryFolder } from '../services/guard.ts';
import type { RawDeviceOptions } from '../devices/raw-device.ts';

export interface InProcessHub {
  readonly dataDir: string;
  readonly hub: RunningHub;
  readonly admin: ReturnType<typeof adminClient>;
  /** Performs one operation of the API as its admin socket does, by its method and path. */
  ask<Route extends ApiRoute>(route: Route, given: RequestTo<Route>): Promise<AnswerTo<Route>>;
  /** How the device connects; `add` has registered it. */
  device(id: string): RawDeviceOptions;
  /** Registers devices of this type. */
  add(ids: readonly string[], type?: string, site?: string): Promise<void>;
  /** Stops the hub as SIGTERM would, and starts it again on the same data. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>;
}

/** The whole hub in this process, on plain ws, with its embedded store and broker. */
export async function startInProcessHub(
  t: Pick<TestContext, 'after'>,
  env: Readonly<Record<string, string>> = {},
): Promise<InProcessHub> {
  const folder = temporaryFolder('in-process');
  const dataDir = folder.path;
  const secrets = new Map<string, string>();
  const start = (more: Readonly<Record<string, string>>): Promise<RunningHub> => {
    const anyPort = '127.0.0.1:0';
    const { config } = readConfig({
      env: {
        HUB_DATA_DIR: dataDir,
        HUB_TLS: 'off',
        HUB_DEVICE_LISTEN: anyPort,
        HUB_ADMIN_LISTEN: anyPort,
        HUB_BROKER_LISTEN: anyPort,
        ...env,
        ...more,
      },
      cwd: dataDir,
      isCron: () => true,
      readFile: () => '',
    });
    return startHub(config, { log: createLog({ level: 'silent' }) });
  };
  let hub = await start({});
  t.after(async () => {
    await hub.close();
    folder.remove();
  });
  const admin = adminClient(join(dataDir, 'hub.sock'));
  return {
    dataDir,
    admin,
    ask: (route, given) => callApi(join(dataDir, 'hub.sock'), route, given),
    get hub() {
      return hub;
    },
    device: (id) => ({ url: hub.deviceUrl, id, secret: secrets.get(id) ?? '' }),
    async add(ids, type = 'env-sensor@1', site = 'default') {
      for (const { id, secret } of await admin.addDevices({ ids: [...ids], type, site }))
        secrets.set(id, secret);
    },
    async restart(more = {}) {
      await hub.close();
      hub = await start(more);
    },
  };
}
