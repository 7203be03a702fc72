import type { Operator, Rights } from '../../schemas/api/operators.ts';
import {
  isInScope,
  roles,
  safetyClasses,
  type Role,
  type Safety,
  type ScopedDevice,
} from '../../schemas/api/roles.ts';

/** Everybody who may open the hub's files may do everything. */
export const localOperator: Operator = { actor: 'local', role: 'admin', devices: '*', safety: 'critical' };

export function hasRole({ role }: Rights, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

/** Whether the device is among those these rights are about. */
export function reaches({ devices }: Rights, device: ScopedDevice): boolean {
  return isInScope(devices, device);
}

/** Whether these rights allow this command on this device. */
export function mayCommand(rights: Rights, device: ScopedDevice, safety: Safety): boolean {
  return (
    hasRole(rights, 'operator') &&
    reaches(rights, device) &&
    safetyClasses.indexOf(safety) <= safetyClasses.indexOf(rights.safety)
  );
}
