import type { Operator, Rights } from '../../schemas/api/operators.ts';
import { roles, safetyClasses, type Role, type Safety } from '../../schemas/api/roles.ts';

/** Everybody who may open the hub's files may do everything. */
export const localOperator: Operator = { actor: 'local', role: 'admin', devices: '*', safety: 'critical' };

export function hasRole({ role }: Rights, needed: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(needed);
}

interface ReachedDevice {
  id: string;
  /** With or without version. */
  type: string;
  site: string;
}

/** Whether the device is among those these rights are about. */
export function reaches({ devices }: Rights, device: ReachedDevice): boolean {
  if (devices === '*') return true;
  return devices.split(',').every((term) => {
    const [name, pattern = ''] = term.split('=', 2);
    if (name === 'id') return matches(pattern, device.id);
    if (name === 'site') return matches(pattern, device.site);
    return name === 'type' && (matches(pattern, device.type) || matches(pattern, nameOf(device.type)));
  });
}

/** Whether these rights allow this command on this device. */
export function mayCommand(rights: Rights, device: ReachedDevice, safety: Safety): boolean {
  return (
    hasRole(rights, 'operator') &&
    reaches(rights, device) &&
    safetyClasses.indexOf(safety) <= safetyClasses.indexOf(rights.safety)
  );
}

function matches(pattern: string, value: string): boolean {
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
}

function nameOf(type: string): string {
  return type.split('@', 1)[0] ?? type;
}
