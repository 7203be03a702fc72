/** What a command will do and what became of it, in the words of somebody who has to decide something. */

import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type { OfflinePolicy, Safety } from '../../../../schemas/device-type.ts';
import { durationWords } from './duration-words.ts';

/** Lives so long unless told otherwise (device type schema, `ttlSec`), s. */
export const defaultTtlSec = 60;

export const safetyWords: Readonly<Record<Safety, string>> = {
  observe: 'Only looks or shows: nothing about the device changes.',
  config: 'Changes a setting of the device.',
  actuate: 'Moves or switches something where the device is.',
  critical: 'Can do harm or lose data. It never waits: it is done now or not at all.',
};

/** What happens when the device is not connected. @param ttlSec how long this command is to live */
export function offlineWords(policy: OfflinePolicy, ttlSec: number): string {
  const life = durationWords(ttlSec);
  switch (policy) {
    case 'reject':
      return 'If the device is not connected, nothing happens: the command is refused at once and never done later.';
    case 'queue':
      return `If the device is not connected, the command waits in line, at most ${life}; then it expires and is not done.`;
    case 'latest':
      return `If the device is not connected, the command waits at most ${life}. Only the newest of this name waits: one that waits already is cancelled.`;
  }
}

/** What the deadline means. */
export function ttlWords(ttlSec: number): string {
  return `Not begun later than ${durationWords(ttlSec)} after sending, by the hub's clock.`;
}

export function idempotentWords(definition: CommandDefinition): string {
  return definition.idempotent === true
    ? 'Doing it twice is the same as doing it once.'
    : 'Doing it twice is not the same as once. The hub never sends it twice.';
}

/** One line for each status; see `reasonWords` for why. */
const statuses: Readonly<Record<string, string>> = {
  accepted: 'The hub has it in its journal.',
  queued: 'It waits for its turn, or for the device.',
  sent: 'It is on its way to the device.',
  received: 'The device has it.',
  running: 'The device is doing it.',
  uncertain:
    'Nobody knows yet whether it was done. It was sent, and no answer came back. The hub asks the device as soon as it is there, and does not send the command again. Look at the device before you send another one.',
  succeeded: 'The device says that it was done.',
  failed: 'The device says that it tried, and could not.',
  rejected: 'It was not done.',
  expired: 'Its time had passed before it was begun. It was not done, and will not be.',
  cancelled: 'It was taken back before it was done.',
  lost: 'It was sent, and it will never be known whether it was done. Look at the device.',
  // Of group commands.
  waiting: 'Its wave has not come yet.',
  skipped: 'It was never sent: the group command ended first.',
  finished: 'Every device has its final status.',
  stopped: 'More devices failed than allowed. No further device gets the command.',
};

export function statusWords(status: string): string {
  return wordsOf(statuses, status) ?? '';
}

const reasons: Readonly<Record<string, string>> = {
  'age-unknown': 'It had waited in the broker, and nobody knows for how long.',
  'bad-output': 'The answer of the device does not fit the device type.',
  'bad-params': 'The parameters do not fit the device type.',
  'bad-payload': 'The request cannot be read.',
  busy: 'The device is doing something else, and this command may not wait.',
  deadline: 'Its deadline passed.',
  'device-forgot': 'The device had it, and has no memory of it any more.',
  'device-rebooted': 'The device has rebooted since, and does not remember what it did.',
  'device-removed': 'The device was removed from the hub.',
  'hub-restarted': 'The hub restarted meanwhile.',
  'id-conflict': 'Another command of this device has the same id.',
  'id-required': 'A command like this needs an id of the caller.',
  'link-lost': 'The connection broke before an answer came.',
  'no-answer': 'No answer came.',
  'no-targets': 'No device fits the selection.',
  'not-delivered': 'It never reached the device.',
  offline: 'The device is not connected, and this command may not wait.',
  'on-request': 'Somebody asked for its end.',
  reconnected: 'The device connected anew before an answer came.',
  superseded: 'A newer command of the same name replaced it.',
  'too-large': 'The request is too large.',
  'too-many': 'Too many commands are open already.',
  'too-many-failures': 'More devices failed than allowed.',
  unavailable: 'The hub cannot write its journal now. Nothing was sent.',
  'unknown-command': 'The device type has no such command.',
  'unknown-device': 'The hub does not know this device.',
  'unknown-group': 'There is no group of this name.',
};

/** Why: the hub's own reasons in a sentence, and what a device says as it said it. */
export function reasonWords(reason: string): string {
  return wordsOf(reasons, reason) ?? reason;
}

/** What a device says may be the name of a member of every object. */
function wordsOf(words: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(words, key) ? words[key] : undefined;
}
