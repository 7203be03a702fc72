import type { DeviceType, FieldSpec } from '../../../schemas/index.ts';
import { alarmFields } from '../recorders/alarm-recorder.ts';
import { commandFields } from '../recorders/command-recorder.ts';
import { firmwareFields } from '../recorders/firmware-recorder.ts';
import { incidentFields } from '../recorders/incident-recorder.ts';
import { presenceFields } from '../recorders/presence-recorder.ts';
import { refusedFields } from '../recorders/refused-recorder.ts';
import { twinFields } from '../recorders/twin-recorder.ts';
import { hubFields } from '../self-monitoring.ts';

/** The measurements that the hub itself writes. Events and logs of devices have texts only. */
const own: Readonly<Record<string, readonly FieldSpec[]>> = {
  presence: presenceFields,
  command: commandFields,
  twin: twinFields,
  alarm: alarmFields,
  incident: incidentFields,
  firmware: firmwareFields,
  refused: refusedFields,
  hub: hubFields,
};

/**
 * The fields of every measurement that there is for these device types, minutes included.
 * @param rollUpOf the measurement of the minutes of another one
 */
export function storedFields(
  types: readonly DeviceType[],
  rollUpOf: (measurement: string) => string,
): (measurement: string) => readonly FieldSpec[] {
  const known = new Map<string, readonly FieldSpec[]>(Object.entries(own));
  for (const { streams } of types) {
    for (const { measurement, fields } of streams.values()) {
      known.set(measurement, fields);
      known.set(rollUpOf(measurement), fields.flatMap(minutesOf));
    }
  }
  return (measurement) => known.get(measurement) ?? [];
}

/** As a roll-up names them. */
function minutesOf({ name, kind }: FieldSpec): FieldSpec[] {
  const field = (of: string, as: FieldSpec['kind']): FieldSpec => ({
    name: `${of}_${name}`,
    kind: as,
    tag: false,
  });
  return [field('count', 'integer'), field('min', kind), field('max', kind), field('mean', 'float')];
}
