import type { LiveMessage, LiveTopic } from '../../../schemas/api/live.ts';

/** The topic on which a message is published; undefined: on none, or not known to this console. */
export function topicOf(message: LiveMessage): LiveTopic | undefined {
  switch (message.t) {
    case 'fleet':
    case 'counts':
      return 'fleet';
    case 'alarm':
      return 'alarms';
    case 'incident':
      return 'incidents';
    case 'command':
    case 'group-command':
      return 'commands';
    case 'hub':
      return 'hub';
    case 'types':
      return 'types';
    case 'device':
    case 'reading':
    case 'nack':
    case 'gone':
      return `device:${message.id}`;
    case 'frames':
      return `frames:${message.id}`;
    case 'error':
      return undefined;
  }
}
