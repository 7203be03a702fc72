import type { GroupDetails } from './commands/command-calls.ts';
import type { CommandView } from './commands/command-view.ts';
import type { DeviceDetails, Nack, Reading } from './device/device-details.ts';
import type { FleetChange } from './fleet/fleet.ts';
import type { IncidentView } from './fleet/incident-text.ts';
import type { HubView } from './hub-state/hub-view.ts';

/** What the hub tells on its live feed; `t` says which, and with it on which topic. */
export type LiveMessage =
  | ({ t: 'fleet' } & FleetChange)
  | { t: 'counts'; messagesPerSec: number; storedPerSec: number; devices: number }
  | { t: 'incident'; incident: IncidentView }
  | ({ t: 'hub' } & HubView)
  | { t: 'command'; command: CommandView }
  | { t: 'group-command'; groupCommand: GroupDetails }
  | { t: 'device'; id: string; details: DeviceDetails }
  | ({ t: 'reading'; id: string } & Reading)
  | ({ t: 'nack'; id: string } & Nack)
  | { t: 'gone'; id: string }
  /** What was asked to be watched is refused. */
  | { t: 'error'; message?: string };

/** The topic on which a message is told; undefined: on none, or not known to this console. */
export function topicOf(message: LiveMessage): string | undefined {
  switch (message.t) {
    case 'fleet':
    case 'counts':
      return 'fleet';
    case 'incident':
      return 'incidents';
    case 'command':
    case 'group-command':
      return 'commands';
    case 'hub':
      return 'hub';
    case 'device':
    case 'reading':
    case 'nack':
    case 'gone':
      return `device:${message.id}`;
    case 'error':
      return undefined;
  }
}
