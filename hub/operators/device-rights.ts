import type { Operator } from '../../schemas/api/operators.ts';
import type { DeviceType } from '../../schemas/index.ts';
import type { DeviceRecord } from '../registry/device-store.ts';
import { mayCommand, reaches } from './operator.ts';

/** Whether an operator may do something with a device; `command`: send it that command. */
export type MayTouch = (operator: Operator, deviceId: string, command?: string) => boolean;

/** Whether an operator may change what a device should hold: settings are `config`. */
export type MaySet = (operator: Operator, deviceId: string) => boolean;

export function settingRights(recordOf: (deviceId: string) => DeviceRecord | undefined): MaySet {
  return (operator, deviceId) => {
    const record = recordOf(deviceId);
    return record === undefined ? operator.devices === '*' : mayCommand(operator, record, 'config');
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
