import type { DeviceType } from '../../schemas/index.ts';
import {
  fileStore,
  LinkFaults,
  makeDevice,
  wsLinks,
  type Device,
  type EndedBoot,
  type HubMemory,
  type NodeSettings,
  type Random,
  type Settlement,
} from '../../sdk/typescript/src/node.ts';
import { join } from 'node:path';
import { systemClock, type Cancel, type Clock } from '../../schemas/time/clock.ts';
import { behaviors, type Behavior } from './behaviors.ts';
import { mortal, type CommandFaults } from './command-faults.ts';
import { SimulatedFirmware, type UpdateBehavior } from './simulated-firmware.ts';
import { createModel, type DeviceModel } from './device-models.ts';
import { HeldSettings } from './held-settings.ts';
import { seededRandom } from './random.ts';
import { simulatedMemory } from './simulated-memory.ts';

export interface DeviceCounters {
  /** Readings and events given to the client. */
  sent: number;
  stored: number;
  refused: number;
  /** Lost on the device: its outbox was full, or it rebooted. */
  dropped: number;
  /** Commands ended, with any status. */
  commands: number;
}

/** Changes the data of a reading, as a fault of the sensors would. */
export type Alter = (data: Record<string, unknown>) => Record<string, unknown>;

type Passed = Pick<NodeSettings, 'url' | 'id' | 'secret' | 'ca' | 'capacity' | 'backoffFirstMs'>;

export interface SimulatedDeviceOptions extends Passed {
  /** One of `simulatedTypes`, or any device type, which is then simulated from its schemas. */
  type: string | DeviceType;
  /** The same seed and id give the same values. */
  seed: string;
  /** Time between readings; the model's own by default. */
  intervalSec?: number | undefined;
  /** Keeps unsettled readings, command ids and results here across reboots; without it they are forgotten. */
  memoryFolder?: string | undefined;
  /** Keeps a rotated secret beyond the life of the process. */
  secretFile?: string | undefined;
  /** How the device treats new firmware; by default it runs it and stays well. */
  updates?: UpdateBehavior | undefined;
  /** The time after which an `ill` device reboots again, and another rolls back, ms; a minute by default. */
  illAfterMs?: number | undefined;
  /** A fault of its sensors. */
  alter?: Alter | undefined;
  /** Counters to add to: a fleet shares one set. */
  counters?: DeviceCounters;
  /** Called with each new client (one per boot) before it connects. */
  onClient?: ((client: Device) => void) | undefined;
  clock?: Clock;
}

/** How long a reboot takes, and how long the device first waits until its result is acked. */
const bootMs = 1500;
const rebootPatienceMs = 3000;

/** A device that takes readings, performs commands and reboots. */
export class SimulatedDevice {
  readonly id: string;
  readonly counters: DeviceCounters;
  readonly #options: SimulatedDeviceOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #model: DeviceModel;
  readonly #firstIntervalSec: number;
  readonly #settings: HeldSettings | undefined;
  readonly #firmware: SimulatedFirmware;
  #intervalSec: number;
  /** The flash of the device, which survives a reboot. */
  readonly #memory: HubMemory;
  #faults: LinkFaults | undefined;
  #commandFaults: CommandFaults = {};
  /** Boots that the hub does not know of; in the flash too. */
  #endedBoots: readonly EndedBoot[] = [];
  #client: Device | undefined;
  #cancelReading: Cancel | undefined;
  #cancelBoot: Cancel | undefined;

  /** @throws RangeError for an unknown type */
  constructor(options: SimulatedDeviceOptions) {
    this.id = options.id;
    this.counters = options.counters ?? { sent: 0, stored: 0, refused: 0, dropped: 0, commands: 0 };
    this.#options = options;
    this.#memory = simulatedMemory(options);
    this.#clock = options.clock ?? systemClock;
    const seed = `${options.seed}/${options.id}`;
    this.#random = seededRandom(`${seed}/times`);
    this.#model = createModel(options.type, {
      seed,
      clock: this.#clock,
      controls: {
        setIntervalSec: (seconds) => this.#setInterval(seconds),
        resetInterval: () => this.#setInterval(this.#firstIntervalSec),
        reboot: (commandId) => this.#rebootAfter(commandId),
      },
    });
    this.#firmware = new SimulatedFirmware({
      behavior: options.updates ?? 'good',
      illAfterMs: options.illAfterMs,
      clock: this.#clock,
      reboot: () => {
        if (this.#client !== undefined) this.#reboot(this.#client);
      },
    });
    this.#firstIntervalSec = options.intervalSec ?? this.#model.intervalSec;
    this.#intervalSec = this.#firstIntervalSec;
    const { settings } = this.#model;
    this.#settings =
      settings &&
      new HeldSettings(settings, {
        firstIntervalSec: this.#firstIntervalSec,
        setIntervalSec: (seconds) => this.#setInterval(seconds),
        report: (state) => this.#client?.reported(state),
      });
  }

  get online(): boolean {
    return this.#client?.isOpen ?? false;
  }

  /** The version of the firmware that the device runs. */
  get firmware(): string {
    return this.#firmware.version;
  }

  get intervalSec(): number {
    return this.#intervalSec;
  }

  /** Boots: connects and starts to take readings, the first at a random time within one interval. */
  start(): void {
    if (this.#client !== undefined) return;
    const { url, id, secret, ca, type, capacity, backoffFirstMs, memoryFolder, onClient } = this.#options;
    this.#firmware.boot();
    const faults = new LinkFaults(wsLinks({ ca }), this.#clock);
    const client = makeDevice({
      url,
      ca,
      id,
      secret,
      type: typeof type === 'string' ? type : type.id,
      firmware: this.#firmware.version,
      updates: this.#firmware.settings(() => this.#client),
      clock: this.#clock,
      random: this.#random,
      memory: this.#memory,
      openLink: faults.open,
      // Without a folder the device forgets its readings and commands in a reboot.
      remembersCommands: memoryFolder !== undefined,
      ...(memoryFolder === undefined
        ? { endedBoots: this.#endedBoots }
        : { store: fileStore(join(memoryFolder, id, 'readings.jsonl')) }),
      capacity,
      backoffFirstMs,
    });
    this.#client = client;
    this.#faults = faults;
    this.#commandFaults = {};
    for (const [name, { handler, ...handling }] of Object.entries(this.#model.commands)) {
      const dying = mortal(
        handler,
        () => this.#commandFaults.dies,
        () => this.#die(client),
      );
      client.onCommand(name, dying, handling);
    }
    client.on('result', () => {
      this.counters.commands += 1;
    });
    this.#firmware.follow(client);
    this.#settings?.boot(client);
    onClient?.(client);
    client.wake();
    this.#readAfter(this.#random() * this.#intervalSec * 1000);
  }

  /** Disconnects cleanly and ends. Resolves when the socket is closed. */
  async stop(): Promise<void> {
    this.#cancelReading?.();
    this.#cancelBoot?.();
    this.#firmware.stop();
    const client = this.#client;
    this.#client = undefined;
    if (this.#faults?.isFrozen === false) await client?.bye({ patienceMs: 0 });
    await client?.close();
  }

  behave(behavior: Behavior): void {
    const link = this.#faults;
    if (link === undefined) return;
    const commands = (faults: CommandFaults): void => {
      this.#commandFaults = faults;
      link.answers = faults;
    };
    behaviors[behavior]({ link, commands });
  }

  #readAfter(ms: number): void {
    this.#cancelReading?.();
    this.#cancelReading = this.#clock.after(ms, () => {
      this.#read();
      this.#readAfter(this.#intervalSec * 1000);
    });
  }

  #read(): void {
    const client = this.#client;
    if (client === undefined) return;
    const { alter = (data) => data } = this.#options;
    for (const { stream, data } of this.#model.readings(this.#clock.now())) {
      void this.#count(client.measure(stream, alter(data)));
    }
    const event = this.#model.event?.();
    if (event !== undefined) void this.#count(client.report(event.name, event.severity, event.data));
  }

  async #count(settled: Promise<Settlement>): Promise<void> {
    this.counters.sent += 1;
    const { kind } = await settled;
    this.counters[kind] += 1;
  }

  #setInterval(seconds: number): void {
    if (seconds === this.#intervalSec) return;
    this.#intervalSec = seconds;
    this.#settings?.intervalChanged(seconds);
    this.#readAfter(seconds * 1000);
  }

  /** Waits until the hub has the result: a device that forgets it in the reboot could not send it again. */
  #rebootAfter(commandId: string): void {
    const client = this.#client;
    if (client === undefined) return;
    const onAcked = (id: string): void => {
      if (id === commandId) reboot();
    };
    const reboot = (): void => {
      cancelWait();
      client.off('result-acked', onAcked);
      if (this.#client === client) this.#reboot(client);
    };
    const cancelWait = this.#clock.after(rebootPatienceMs, reboot);
    client.on('result-acked', onAcked);
  }

  /** The power fails: the hub gets no notice, and the device stores nothing more. */
  #die(client: Device): void {
    if (this.#client !== client) return;
    this.#faults?.vanish();
    this.#reboot(client);
  }

  #reboot(client: Device): void {
    this.#cancelReading?.();
    this.#client = undefined;
    this.#endedBoots = client.endedBoots;
    this.#faults?.cut();
    void client.close();
    this.#cancelBoot = this.#clock.after(bootMs, () => this.start());
  }
}
