import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { callApi } from '../../../hub/cli/admin-client.ts';
import { addFirmware } from '../firmware/add-firmware.ts';
import { spawnGuarded, type GuardedChild } from '../services/guard.ts';
import type { HubProcess } from '../services/process.ts';
import { waitFor } from '../wait-for.ts';

/** A program and its first arguments. */
export type Command = readonly [program: string, ...args: string[]];

/** The examples that each SDK has, tried on a real hub with its own store. */
export class DeviceExamples {
  readonly #hub: () => HubProcess;
  readonly #folder: string;
  readonly #commandOf: (name: string) => Command;

  /**
   * @param hub the running one, once the tests run
   * @param folder for their states
   * @param commandOf what starts an example
   */
  constructor(hub: () => HubProcess, folder: string, commandOf: (name: string) => Command) {
    this.#hub = hub;
    this.#folder = folder;
    this.#commandOf = commandOf;
  }

  /** Registers a device. @returns its secret */
  async add(id: string, type: string): Promise<string> {
    const { stdout } = await this.#hub().cli(['device', 'add', id, '--type', type, '--json']);
    return (JSON.parse(stdout) as { secret: string }).secret;
  }

  /** The readings of a stream, once there are so many. */
  readings(device: string, stream: string, count: number): Promise<Reading[]> {
    return waitFor(
      async () => {
        const { stdout } = await this.#hub().cli(['readings', device, stream, '--last', '100', '--json']);
        const rows = stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Reading);
        return rows.length >= count ? rows : undefined;
      },
      { what: `${count} readings of ${device}`, timeoutMs: 15_000, everyMs: 200 },
    );
  }

  /** Declares the tests. */
  declare(): void {
    this.#valve();
    this.#sleeper();
    this.#gateway();
  }

  /**
   * Declares the test of a boot that the hub never saw.
   * @param what of it, for the name of the test
   * @param commandOf starts a program that measures 20 readings without a hub, with the argument `measure`, and one that sends what is there
   */
  declareUnseen(what: string, commandOf: () => Command): void {
    const id = `unseen-${what.replaceAll(/\W+/g, '-')}`;
    test(`20 of 20 readings are stored of ${what} that the hub never saw`, async (t) => {
      const env = this.environment(id, await this.add(id, 'env-sensor@1'));
      const run = (argument: string, url: string | undefined): Promise<void> =>
        this.#runToEnd(t, [...commandOf(), argument], { ...env, HUB_URL: url });
      await run('measure', 'wss://127.0.0.1:1');
      await run('deliver', env['HUB_URL']);
      const stored = await this.readings(id, 'env', 20);
      const temperatures = stored.map(({ fields }) => fields['temperature']);
      assert.deepEqual(
        temperatures,
        Array.from({ length: 20 }, (_, index) => index),
      );
      // Each boot ended when the next one began, which was just now.
      for (const { timeMs } of stored)
        assert.ok(Math.abs(Date.now() - timeMs) < 60_000, new Date(timeMs).toISOString());
    });
  }

  /** Declares the test of the subprotocols. @param commandOf starts a program that sends 30 readings as HUB_CBOR says: '', `names` or `short` */
  declareEncodings(commandOf: () => Command): void {
    test('of the same readings the hub stores the same in JSON, in CBOR with names and in short forms', async (t) => {
      const stored: Reading['fields'][][] = [];
      const beginMs = String(Date.now() - 60_000);
      for (const cbor of ['', 'names', 'short']) {
        const id = `encoded-${cbor}`;
        const env = this.environment(id, await this.add(id, 'env-sensor@1'));
        await this.#runToEnd(t, commandOf(), { ...env, HUB_CBOR: cbor, BEGIN_MS: beginMs });
        stored.push((await this.readings(id, 'env', 30)).map(({ fields }) => fields));
      }
      const [json, ...others] = stored;
      for (const other of others) assert.deepEqual(other, json);
    });
  }

  /**
   * Declares the test of new firmware: the sensor runs the program that the hub has for it.
   * @param newer the sensor as another version
   */
  declareUpdate(newer: (version: string) => Uint8Array): void {
    test('the sensor gets its new firmware, goes on measuring meanwhile, and runs it in its next boot', async (t) => {
      const hub = this.#hub();
      const version = '1.1.0';
      await addFirmware(hub, newer(version), { version });
      const secret = await this.add('sensor-1', 'env-sensor@1');
      const sensor = await this.#start(t, 'sensor', this.environment('sensor-1', secret));
      await this.readings('sensor-1', 'env', 1);
      const socket = join(hub.dataDir, 'hub.sock');
      const body = { id: 'sensors', type: 'env-sensor', version, to: 'sensor-1', soakSec: 2 };
      await callApi(socket, 'POST /api/v1/rollouts', { body });
      const ended = await waitFor(
        async () => {
          const seen = await callApi(socket, 'GET /api/v1/rollouts/{id}', { params: { id: 'sensors' } });
          return seen.status === 'running' ? undefined : seen;
        },
        { what: 'the end of the rollout', timeoutMs: 60_000, everyMs: 200 },
      );
      assert.deepEqual([ended.status, ended.states], ['finished', { succeeded: 1 }], sensor.output());
      const stored = await this.readings('sensor-1', 'env', 4);
      assert.ok(stored.length >= 4, 'the readings of both boots');
    });
  }

  /** Declares the test of settings: what is desired is held, also when it was set while the sensor was off. */
  declareTwin(): void {
    test('the sensor comes to its desired state by itself, also when it was off meanwhile, and reports it', async (t) => {
      const env = this.environment('sensor-2', await this.add('sensor-2', 'env-sensor@1'));
      const socket = join(this.#hub().dataDir, 'hub.sock');
      const params = { id: 'sensor-2' };
      const desire = (patch: Record<string, unknown>): Promise<unknown> =>
        callApi(socket, 'PATCH /api/v1/devices/{id}/twin/desired', { params, body: patch });
      const inSync = (): Promise<unknown> =>
        waitFor(
          async () => {
            const twin = await callApi(socket, 'GET /api/v1/devices/{id}/twin', { params });
            return twin.state === 'in-sync' ? twin.reported : undefined;
          },
          { what: 'the twin is in sync', timeoutMs: 30_000, everyMs: 100 },
        );
      await desire({ intervalSec: 2, alias: 'cellar' });
      const first = await this.#start(t, 'sensor', env);
      assert.deepEqual(await inSync(), { intervalSec: 2, alias: 'cellar', offset: { temperature: 0 } });
      await first.end('SIGKILL');
      await desire({ alias: null, offset: { temperature: 1.5 } });
      await this.#start(t, 'sensor', env);
      const { alias, ...held } = (await inSync()) as { alias?: string };
      assert.deepEqual(held, { intervalSec: 2, offset: { temperature: 1.5 } });
      assert.ok(alias === undefined || alias === '', 'what is not desired any more is back at the default');
    });
  }

  async #runToEnd(t: TestContext, [program, ...args]: Command, env: NodeJS.ProcessEnv): Promise<void> {
    const child = await spawnGuarded(program, args, env, this.#folder);
    t.after(() => child.end('SIGKILL'));
    assert.equal((await child.exited).code, 0, child.output());
  }

  /** The settings of a device, as the examples take them. */
  environment(id: string, secret: string): NodeJS.ProcessEnv {
    const hub = this.#hub();
    return {
      ...process.env,
      HUB_URL: hub.deviceUrl,
      HUB_CA: join(hub.dataDir, 'tls', 'ca.crt'),
      HUB_DEVICE_ID: id,
      HUB_DEVICE_SECRET: secret,
      HUB_DEVICE_STATE: join(this.#folder, `${id}-state`),
    };
  }

  #run(name: string, env: NodeJS.ProcessEnv): Promise<GuardedChild> {
    const [program, ...args] = this.#commandOf(name);
    return spawnGuarded(program, args, env, this.#folder);
  }

  async #start(t: TestContext, name: string, env: NodeJS.ProcessEnv): Promise<GuardedChild> {
    const child = await this.#run(name, env);
    t.after(() => child.end('SIGKILL'));
    return child;
  }

  #valve(): void {
    test('the valve moves by command, answers when it has arrived, and reports its leak and its flow', async (t) => {
      const secret = await this.add('valve-1', 'smart-valve@1');
      await this.#start(t, 'valve', this.environment('valve-1', secret));
      await this.readings('valve-1', 'flow', 1);
      const sent = await this.#hub().cli([
        'command',
        'send',
        'valve-1',
        'set-position',
        '--id',
        'c-1',
        '--param',
        'percent=45',
        '--wait',
        '--json',
      ]);
      assert.equal(sent.code, 0, sent.stderr);
      assert.match(sent.stdout, /"position":45/);
      const refused = await this.#hub().cli([
        'command',
        'send',
        'valve-1',
        'factory-reset',
        '--id',
        'c-2',
        '--wait',
        '--json',
      ]);
      assert.match(refused.stdout, /"rejected"/);
      const flow = await waitFor(
        async () =>
          (await this.readings('valve-1', 'flow', 2)).find(({ fields }) => fields['position'] === 45),
        {
          what: 'a reading at the new position',
          timeoutMs: 10_000,
          everyMs: 200,
        },
      );
      assert.deepEqual(flow.fields, { flow: 54, position: 45, mode: 'automatic' });
    });

    test('the valve comes to its desired state, also to one that was set while it was away', async (t) => {
      const secret = await this.add('valve-2', 'smart-valve@1');
      const first = await this.#start(t, 'valve', this.environment('valve-2', secret));
      await this.readings('valve-2', 'flow', 1);
      const set = await this.#hub().cli([
        'twin',
        'valve-2',
        '--set',
        'intervalSec=1',
        '--set',
        'failPosition=hold',
        '--wait',
        '--json',
      ]);
      assert.equal(set.code, 0, set.stdout + set.stderr);
      await first.end('SIGKILL');
      await this.#hub().cli(['twin', 'valve-2', '--set', 'intervalSec=3', '--unset', 'failPosition']);
      await this.#start(t, 'valve', this.environment('valve-2', secret));
      const twin = await waitFor(
        async () => {
          const { stdout } = await this.#hub().cli(['twin', 'valve-2', '--json']);
          return stdout.includes('"in-sync"') ? stdout : undefined;
        },
        { what: 'the twin is in sync again', timeoutMs: 10_000, everyMs: 200 },
      );
      assert.match(twin, /"intervalSec":3/);
      assert.match(twin, /"failPosition":"closed"/);
    });
  }

  #sleeper(): void {
    test('the sleeper ends when its reading is stored, and is asleep then, not offline', async () => {
      const secret = await this.add('sleeper-1', 'env-sensor@1');
      for (const round of [1, 2]) {
        const child = await this.#run('sleeper', this.environment('sleeper-1', secret));
        assert.deepEqual((await child.exited).code, 0);
        const stored = await this.readings('sleeper-1', 'env', round);
        assert.deepEqual(stored.at(-1)?.fields, { temperature: 4.25, battery: 3.61 });
      }
      const { stdout } = await this.#hub().cli(['device', 'show', 'sleeper-1']);
      assert.match(stdout, /presence +sleeping/);
    });

    test('a reading of a boot that the hub never saw is stored with the next one', async () => {
      const secret = await this.add('sleeper-2', 'env-sensor@1');
      const away = { ...this.environment('sleeper-2', secret), HUB_URL: 'wss://127.0.0.1:1' };
      const lost = await this.#run('sleeper', away);
      // It waits for its hub for 20 seconds; the power goes before that.
      const state = join(this.#folder, 'sleeper-2-state');
      const isInState = (text: string): boolean =>
        existsSync(state) &&
        readdirSync(state).some((file) => readFileSync(join(state, file)).includes(text));
      await waitFor(() => isInState('4.25'), {
        what: 'the reading is in its store',
      });
      await lost.end('SIGKILL');
      const child = await this.#run('sleeper', this.environment('sleeper-2', secret));
      assert.equal((await child.exited).code, 0);
      assert.equal((await this.readings('sleeper-2', 'env', 2)).length, 2);
    });
  }

  #gateway(): void {
    test('the gateway has a session for each of its devices', async (t) => {
      const ids = ['g-1', 'g-2', 'g-3'];
      const devices: string[] = [];
      for (const id of ids) devices.push(`${id}:${await this.add(id, 'env-sensor@1')}`);
      const state = join(this.#folder, 'gateway-state');
      mkdirSync(state);
      const env = { ...this.environment('', ''), HUB_DEVICES: devices.join(' '), HUB_DEVICE_STATE: state };
      await this.#start(t, 'gateway', env);
      for (const [index, id] of ids.entries()) {
        const [first] = await this.readings(id, 'env', 1);
        assert.deepEqual(first?.fields, { temperature: 20 + index, rssi: -60 - index });
      }
    });
  }
}

export interface Reading {
  timeMs: number;
  fields: Record<string, unknown>;
}
