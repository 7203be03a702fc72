/** The rights of operators. Pure, so that a browser can load it too. */

/** `viewer` reads; `operator` also sends commands; `admin` also changes devices, credentials and operators. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** How much harm a command can do, the least first. */
export const safetyClasses = ['observe', 'config', 'actuate', 'critical'] as const;
export type Safety = (typeof safetyClasses)[number];

/** The properties of a device that decide who may see it. */
export interface ScopedDevice {
  readonly id: string;
  /** With or without version. */
  readonly type: string;
  readonly site: string;
}

/** Whether a device is among those of `devices` of an operator's rights, such as `site=hall-3,id=d-*`. Pure. */
export function isInScope(devices: string, device: ScopedDevice): boolean {
  if (devices === '*') return true;
  return devices.split(',').every((term) => {
    const [name, pattern = ''] = term.split('=', 2);
    if (name === 'id') return matches(pattern, device.id);
    if (name === 'site') return matches(pattern, device.site);
    return name === 'type' && (matches(pattern, device.type) || matches(pattern, nameOf(device.type)));
  });
}

function matches(pattern: string, value: string): boolean {
  return pattern.endsWith('*') ? value.startsWith(pattern.slice(0, -1)) : value === pattern;
}

function nameOf(type: string): string {
  return type.split('@', 1)[0] ?? type;
}

/** Which devices: all (`*`), or those that match every condition. */
export const devicesPattern =
  '^(\\*|(id|site|type)=[A-Za-z0-9_.@-]{0,64}\\*?(,(id|site|type)=[A-Za-z0-9_.@-]{0,64}\\*?){0,2})$';

/** The rights that a value of an identity provider's claim gives. */
export interface RoleRule {
  /** A value of the claim. */
  readonly value: string;
  readonly role: Role;
  readonly devices: string;
  readonly safety: Safety;
}

const devicesRule = new RegExp(devicesPattern);

/**
 * `VALUE=ROLE`, `VALUE=ROLE:SAFETY` or `VALUE=ROLE:SAFETY:DEVICES`, such as `hall-3=operator:actuate:site=hall-3`. Conditions of
 * DEVICES are joined by `+`, because lists are split at commas. Undefined for anything else. Pure.
 */
export function readRoleRule(text: string): RoleRule | undefined {
  const parts = /^(?<value>[^=]+)=(?<role>[a-z]+)(?::(?<safety>[a-z]+)(?::(?<devices>\S+))?)?$/.exec(
    text,
  )?.groups;
  const role = roles.find((each) => each === parts?.['role']);
  const safety = safetyClasses.find((each) => each === (parts?.['safety'] ?? 'config'));
  const devices = (parts?.['devices'] ?? '*').replaceAll('+', ',');
  const value = parts?.['value'];
  if (value === undefined || role === undefined || safety === undefined) return undefined;
  return devicesRule.test(devices) ? { value, role, safety, devices } : undefined;
}
