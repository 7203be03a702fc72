import type { AuditEvent } from '../audit/audit.ts';
import type { Operator } from '../../schemas/api/operators.ts';
import { hasRole } from './operator.ts';

/** Below these, the level after is a device's id. */
const ofDevices = new Set(['twin', 'presence', 'presence-change', 'telemetry', 'event', 'status', 'alarm']);

/**
 * What an operator may do on the embedded broker: ask for commands and settings within the role, and read what it reaches.
 * @param isThere whether there is such a device
 * @param mayTouch whether the operator may do something with the device; with `command`, send it that
 * @param maySet whether the operator may change what the device should hold
 */
export function brokerRules(
  root: string,
  isThere: (deviceId: string) => boolean,
  mayTouch: (operator: Operator, deviceId: string, command?: string) => boolean,
  maySet: (operator: Operator, deviceId: string) => boolean,
): {
  mayRequest: (operator: Operator, topic: string) => boolean;
  mayRead: (operator: Operator, filter: string) => boolean;
  mayReceive: (operator: Operator, topic: string) => boolean;
} {
  const levelsOf = (topic: string): string[] | undefined =>
    topic.startsWith(`${root}/`) ? topic.slice(root.length + 1).split('/') : undefined;
  return {
    mayRequest(operator, topic) {
      const [kind = '', device = '', name = ''] = levelsOf(topic) ?? [];
      if (!hasRole(operator, 'operator')) return false;
      if (kind === 'command') return mayTouch(operator, device, name);
      if (kind === 'twin-desired') return maySet(operator, device);
      if (kind === 'cancel') return mayTouch(operator, device);
      // The members of a group are not known here, so only operators who reach every device may ask.
      return kind === 'group-command' && operator.devices === '*' && operator.safety === 'critical';
    },
    mayRead(operator, filter) {
      if (operator.devices === '*') return true;
      const [kind = '', device = ''] = levelsOf(filter) ?? [];
      return ofDevices.has(kind) && !/[+#]/.test(device) && mayTouch(operator, device);
    },
    mayReceive(operator, topic) {
      if (operator.devices === '*') return true;
      const [, device = ''] = levelsOf(topic) ?? [];
      // The last messages about a removed device go to those who could read it until then.
      return !isThere(device) || mayTouch(operator, device);
    },
  };
}

/** The audit's entry of a request that was not within the rights of its operator. */
export function requestRefusal(root: string, actor: string, topic: string): Omit<AuditEvent, 'outcome'> {
  const actions = { command: 'command.send', 'twin-desired': 'twin.set' } as const;
  const [kind = ''] = topic.startsWith(`${root}/`) ? topic.slice(root.length + 1).split('/') : [];
  const action = Object.hasOwn(actions, kind) ? actions[kind as keyof typeof actions] : 'publish';
  return { actor, origin: 'mqtt', action, subject: topic, details: { reason: 'forbidden' } };
}
