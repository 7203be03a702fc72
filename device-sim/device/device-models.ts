import type { DeviceType, Severity, TwinError } from '../../schemas/index.ts';
import type { JsonObject } from '../../schemas/twin/merge-patch.ts';
import type { Clock } from '../../schemas/time/clock.ts';
import type { CommandHandler, HandlerOptions, Random } from '../../sdk/typescript/src/node.ts';
import { seededRandom } from './random.ts';
import { schemaModel } from './schema-model.ts';
import { envReading, flowReading, trafficReading } from './signals.ts';
import { createValve } from './valve.ts';

/** Actions of commands on the device that runs them. */
export interface DeviceControls {
  setIntervalSec(seconds: number): void;
  /** Restarts once the hub has the result of this command: a new boot, uptime from zero. */
  reboot(commandId: string): void;
  /** Restores the original interval. */
  resetInterval(): void;
}

export interface ModelCommand extends HandlerOptions {
  handler: CommandHandler;
}

/** One device type as the simulator models it. */
export interface DeviceModel {
  intervalSec: number;
  /** One reading of each stream. @param atMs Unix time, ms */
  readings(atMs: number): { stream: string; data: Record<string, unknown> }[];
  /** Something that happened since the last reading. */
  event?(): { name: string; severity: Severity; data: Record<string, unknown> } | undefined;
  commands: Readonly<Record<string, ModelCommand>>;
  /** Its twin, if its type has one. */
  settings?: ModelSettings;
}

/** A device's own values where nothing is desired, and its further reported values. */
export interface ModelSettings {
  /** Whether the time between readings is a setting, `intervalSec`. Its default is that of the device. */
  interval: boolean;
  defaults: JsonObject;
  /** Reported, and never desired. */
  fixed?: JsonObject;
  /** The desired values that the device cannot take. */
  faults?: (desired: JsonObject) => readonly TwinError[];
}

export interface ModelContext {
  seed: string;
  clock: Clock;
  controls: DeviceControls;
}

const models: Readonly<Record<string, (context: ModelContext) => DeviceModel>> = {
  'env-sensor@1': envSensor,
  'traffic-detector@1': trafficDetector,
  'smart-valve@1': smartValve,
};

/** The device types that the simulator has models for. */
export const simulatedTypes: readonly string[] = Object.keys(models);

/**
 * @param type one of `simulatedTypes`, or any device type, which is then simulated from its schemas
 * @throws RangeError for an unknown type, naming the known ones
 */
export function createModel(type: string | DeviceType, context: ModelContext): DeviceModel {
  if (typeof type !== 'string') return schemaModel(type, context);
  const create = Object.hasOwn(models, type) ? models[type] : undefined;
  if (create === undefined) {
    throw new RangeError(
      `there is no simulated device of type ${type}; known types: ${simulatedTypes.join(', ')}`,
    );
  }
  return create(context);
}

/** With a shorter interval the battery would not last. */
const shortestIntervalSec = 2;

function envSensor({ seed, controls }: ModelContext): DeviceModel {
  return {
    settings: {
      interval: true,
      defaults: { offset: { temperature: 0 } },
      fixed: { serial: serialOf(seed) },
      faults: ({ intervalSec }) =>
        typeof intervalSec === 'number' && intervalSec < shortestIntervalSec
          ? [{ path: '/intervalSec', message: `at least ${shortestIntervalSec} s on battery` }]
          : [],
    },
    intervalSec: 10,
    readings: (atMs) => [{ stream: 'env', data: envReading(seed, atMs) }],
    commands: {
      'set-interval': setInterval(controls),
      identify: { handler: () => ({ status: 'succeeded' }) },
      reboot: {
        handler({ id }) {
          controls.reboot(id);
          return { status: 'succeeded' };
        },
      },
    },
  };
}

function trafficDetector({ seed, controls }: ModelContext): DeviceModel {
  return {
    settings: { interval: true, defaults: { sensitivity: 'normal' } },
    intervalSec: 30,
    readings: (atMs) => [{ stream: 'traffic', data: trafficReading(seed, atMs) }],
    commands: {
      'set-interval': setInterval(controls),
      'self-test': {
        handler({ progress }) {
          progress(50, 'loop 1 of 2');
          return { status: 'succeeded', output: { passed: true, faults: [] } };
        },
      },
    },
  };
}

function smartValve({ seed, clock, controls }: ModelContext): DeviceModel {
  const random: Random = seededRandom(`${seed}/events`);
  const valve = createValve({ clock, startPosition: Math.round(seededRandom(`${seed}/position`)() * 100) });
  return {
    settings: { interval: true, defaults: { failPosition: 'closed' }, fixed: { serial: serialOf(seed) } },
    intervalSec: 10,
    readings: (atMs) => [
      { stream: 'flow', data: { ...flowReading(seed, atMs, valve.position()), mode: valve.mode() } },
    ],
    event() {
      // About once in four hours at ten-second readings.
      if (random() > 1 / 1500) return undefined;
      return {
        name: 'leak',
        severity: 'warning',
        data: { rate: Number((random() * 2).toFixed(2)), zone: 'seat' },
      };
    },
    commands: {
      'set-position': {
        handler({ params, progress }) {
          const { percent } = params;
          if (typeof percent !== 'number') return { status: 'rejected', error: 'percent is not a number' };
          return valve.moveTo(percent, 'set-position', progress);
        },
      },
      close: {
        urgent: true,
        async handler({ progress }) {
          const { status, error } = await valve.moveTo(0, 'close', progress);
          return { status, error };
        },
      },
      'factory-reset': {
        handler({ id }) {
          valve.reset();
          controls.resetInterval();
          controls.reboot(id);
          return { status: 'succeeded' };
        },
      },
    },
  };
}

function serialOf(seed: string): string {
  return `SIM-${Math.floor(seededRandom(`${seed}/serial`)() * 1e6)}`;
}

function setInterval(controls: DeviceControls): ModelCommand {
  return {
    handler({ params }) {
      const { seconds } = params;
      if (typeof seconds !== 'number') return { status: 'rejected', error: 'seconds is not a number' };
      controls.setIntervalSec(seconds);
      return { status: 'succeeded' };
    },
  };
}
