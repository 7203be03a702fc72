/** What a command does and how it ended, in the words of somebody who has to decide something. */

import type { RefusalReason } from '../../../../schemas/api/error-codes.ts';
import type { GroupCommandView } from '../../../../schemas/api/commands/group-commands.ts';
import type { TargetStatus } from '../../../../schemas/command-status.ts';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type { OfflinePolicy, Safety } from '../../../../schemas/device-type.ts';
import { durationWords } from './duration-words.ts';

/** The default time to live (device type schema, `ttlSec`), s. */
export const defaultTtlSec = 60;

export const safetyWords: Readonly<Record<Safety, string>> = {
  observe: 'Read-only or indication; changes nothing on the device.',
  config: 'Changes a setting of the device.',
  actuate: 'Physical action: moves or switches something on site.',
  critical: 'Can cause harm or lose data. It is never queued: it runs now or not at all.',
};

/** What happens when the device is offline. @param ttlSec the time to live of this command */
export function offlineWords(policy: OfflinePolicy, ttlSec: number): string {
  const life = durationWords(ttlSec);
  switch (policy) {
    case 'reject':
      return 'If the device is offline, the command is rejected immediately and never sent later.';
    case 'queue':
      return `If the device is offline, the command is queued for up to ${life}. Then it expires.`;
    case 'latest':
      return `If the device is offline, the command is queued for up to ${life}. Replaces an earlier queued command of the same name.`;
  }
}

/** What the deadline means. */
export function ttlWords(ttlSec: number): string {
  return `Expires ${durationWords(ttlSec)} after sending if not started.`;
}

export function idempotentWords(definition: CommandDefinition): string {
  return definition.idempotent === true ? 'Safe to repeat.' : 'Not safe to repeat; the hub never resends it.';
}

/** One line for each status; see `reasonWords` for why. */
const statuses: Readonly<Record<TargetStatus | GroupCommandView['status'], string>> = {
  accepted: 'The hub has recorded it.',
  queued: 'Waiting for its turn, or for the device.',
  sent: 'On its way to the device.',
  received: 'The device has received it.',
  running: 'The device is carrying it out.',
  uncertain:
    'It is not known yet whether it was carried out: it was sent, but no answer came back. The hub asks the device when it reconnects, and never sends the command again. Check the device before you send another one.',
  succeeded: 'The device reports that it succeeded.',
  failed: 'The device reports that it tried and failed.',
  rejected: 'Not carried out.',
  expired: 'It expired before it started. It was not carried out and will not be.',
  cancelled: 'Cancelled before it was carried out.',
  lost: 'It was sent, but whether it was carried out will never be known. Check the device.',
  // Of group commands.
  waiting: 'Its wave has not started yet.',
  skipped: 'Never sent: the group command ended first.',
  finished: 'Every device has a final status.',
  stopped: 'More devices failed than allowed. The remaining devices do not get the command.',
};

export function statusWords(status: string): string {
  return wordsOf(statuses, status) ?? '';
}

/** Why the hub did not take it. */
const refusals: Readonly<Record<RefusalReason, string>> = {
  'age-unknown': 'It waited in the broker for an unknown time.',
  'bad-correlation-data': 'The correlation data of the message cannot be used.',
  'bad-params': 'The parameters do not match the device type.',
  'bad-payload': 'The request cannot be parsed.',
  'bad-response-topic': 'The response topic of the message cannot be used.',
  'bad-topic': 'The topic names no device and command.',
  forbidden: 'Your rights do not allow this command.',
  'id-conflict': 'Another command of this device has the same ID.',
  'id-required': 'A command like this needs an ID chosen by the caller.',
  'no-targets': 'No device matches the selection.',
  retained: 'The message was retained, and a retained message is not a command.',
  'too-large': 'The request is too large.',
  'too-many': 'Too many commands are already open.',
  unavailable: 'The hub cannot write its journal right now. Nothing was sent.',
  'unknown-command': 'The device type has no such command.',
  'unknown-device': 'The hub does not know this device.',
  'unknown-group': 'There is no group with this name.',
  'unknown-id': 'There is no command with this ID.',
};

/** Why a command that the hub took ended as it did. */
const endings: Readonly<Record<string, string>> = {
  'bad-output': 'The output of the device does not match the device type.',
  busy: 'The device is busy, and this command must not be queued.',
  deadline: 'Its deadline passed.',
  'device-forgot': 'The device received it but no longer remembers it.',
  'device-rebooted': 'The device has rebooted since and does not remember what it did.',
  'device-removed': 'The device was removed from the hub.',
  'hub-restarted': 'The hub restarted in the meantime.',
  'link-lost': 'The connection was lost before an answer came.',
  'no-answer': 'No answer came.',
  'not-delivered': 'It never reached the device.',
  offline: 'The device is offline, and this command must not be queued.',
  'on-request': 'Cancellation was requested.',
  reconnected: 'The device reconnected before an answer came.',
  restored: 'The hub was restored from a backup and does not know what happened afterwards.',
  superseded: 'A newer command of the same name replaced it.',
  'too-many-failures': 'More devices failed than allowed.',
};

/** Why: the hub's own reasons as a sentence; a device's own text is shown unchanged. */
export function reasonWords(reason: string): string {
  return wordsOf(refusals, reason) ?? wordsOf(endings, reason) ?? reason;
}

/** A device's own text may be a name such as `constructor`, which every object has. */
function wordsOf(words: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(words, key) ? words[key] : undefined;
}
