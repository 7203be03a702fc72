import type { CommandType } from '../../schemas/index.ts';

/** `viewer` reads; `operator` also sends commands; `admin` also changes devices, credentials and operators. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** How much harm a command can do, least first. */
const safetyClasses = ['observe', 'config', 'actuate', 'critical'] as const;
export type SafetyClass = CommandType['safety'];

/** What somebody may do: the same for a person's account and for a program's token. */
export interface Rights {
  role: Role;
  /** `*`, or what must hold of a device: `site=hall-3,type=env-sensor,id=d-*`. */
  devices: string;
  /** Commands up to this class. */
  safety: SafetyClass;
}

/** Who asks, whatever it was proved with. */
export interface Operator extends Rights {
  /** As in the audit: `operator:anna`, `token:ci`, `local`, `anonymous`. */
  actor: string;
}

/** Whoever may open the hub's files may do everything. */
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
export function mayCommand(rights: Rights, device: ReachedDevice, safety: SafetyClass): boolean {
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
