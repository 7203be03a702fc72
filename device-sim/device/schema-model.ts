import type { DeviceType, ObjectDefinition } from '../../schemas/index.ts';
import type { DeviceModel, ModelCommand, ModelContext } from './device-models.ts';
import { seededRandom } from './random.ts';
import { objectOf } from './schema-values.ts';

/** The average number of readings per event. */
const readingsPerEvent = 200;

/**
 * Simulates any device type from its schemas alone: readings within the limits, occasional events, and commands that
 * all succeed. The parameter `seconds` of `set-interval` sets the interval, as on the shipped types.
 */
export function schemaModel(
  { definition, twin }: DeviceType,
  { seed, clock, controls }: ModelContext,
): DeviceModel {
  const { streams = {}, events = {}, commands = {}, presence } = definition;
  const random = seededRandom(`${seed}/events`);
  const kinds = Object.entries(events);
  return {
    intervalSec: Math.min(10, presence.heartbeatSec),
    readings: (atMs) =>
      Object.entries(streams).map(([stream, schema]) => ({
        stream,
        data: objectOf(schema, `${seed}/${stream}`, atMs),
      })),
    event() {
      const [name, schema] = kinds[Math.floor(random() * kinds.length)] ?? [];
      if (name === undefined || schema === undefined || random() > 1 / readingsPerEvent) return undefined;
      return { name, severity: 'info', data: objectOf(schema, `${seed}/${name}`, clock.now()) };
    },
    ...(twin === undefined
      ? {}
      : {
          settings: {
            interval: twin.reported.properties?.['intervalSec'] !== undefined,
            defaults: twin.defaults,
          },
        }),
    commands: Object.fromEntries(
      Object.entries(commands).map(([name, { output }]) => [name, commandOf(name, output)]),
    ),
  };

  function commandOf(command: string, output: ObjectDefinition | undefined): ModelCommand {
    return {
      handler({ params }) {
        if (command === 'set-interval' && typeof params['seconds'] === 'number') {
          controls.setIntervalSec(params['seconds']);
        }
        if (output === undefined) return { status: 'succeeded' };
        return { status: 'succeeded', output: objectOf(output, `${seed}/${command}`, clock.now()) };
      },
    };
  }
}
