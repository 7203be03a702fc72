import type { Operator } from '../../schemas/api/operators.ts';
import type { DeviceType } from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import { mayCommand, reaches } from './operator.ts';

/** Whether an operator may do something with a device; `command`: send it that command. */
export type MayTouch = (operator: Operator, deviceId: string, command?: string) => boolean;

/** Whether an operator may change something of a device that is no command, but as grave as one. */
export type MayChange = (operator: Operator, deviceId: string) => boolean;

/** @param safety `config` for what the device should hold, `critical` for its firmware */
export function changeRights(
  recordOf: (deviceId: string) => DeviceRecord | undefined,
  safety: 'config' | 'critical',
): MayChange {
  return (operator, deviceId) => {
    const record = recordOf(deviceId);
    return record === undefined ? operator.devices === '*' : mayCommand(operator, record, safety);
  };
}

export function deviceRights(deps: {
  recordOf: (deviceId: string) => DeviceRecord | undefined;
  typeOf: (deviceId: string) => DeviceType | undefined;
}): MayTouch {
  return (operator, deviceId, command) => {
    const record = deps.recordOf(deviceId);
    // Not a registered device: an operator who reaches all devices may learn that it does not exist.
    if (record === undefined) return operator.devices === '*';
    if (command === undefined) return reaches(operator, record);
    const definition = deps.typeOf(deviceId)?.commands.get(command);
    // A command that the type does not have is refused later, with words.
    return mayCommand(operator, record, definition?.safety ?? 'observe');
  };
}
