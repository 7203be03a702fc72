/** What a command does and how it ended, in the words of somebody who has to decide something. */

import type { RefusalReason } from '../../../../schemas/api/error-codes.ts';
import type { GroupCommandView } from '../../../../schemas/api/commands/group-commands.ts';
import type { TargetStatus } from '../../../../schemas/command-status.ts';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type { OfflinePolicy, Safety } from '../../../../schemas/device-type.ts';
import { texts } from '../texts/texts.ts';
import { durationWords } from './duration-words.ts';

/** The default time to live (device type schema, `ttlSec`), s. */
export const defaultTtlSec = 60;

export const safetyWords: Readonly<Record<Safety, string>> = texts.forms.safetyWords;

/** What happens when the device is offline. @param ttlSec the time to live of this command */
export function offlineWords(policy: OfflinePolicy, ttlSec: number): string {
  const life = durationWords(ttlSec);
  switch (policy) {
    case 'reject':
      return texts.forms.offlineRejected;
    case 'queue':
      return texts.forms.offlineQueued(life);
    case 'latest':
      return texts.forms.offlineQueuedNewest(life);
  }
}

/** What the deadline means. */
export function ttlWords(ttlSec: number): string {
  return texts.forms.expiresAfterSendingIfNot(durationWords(ttlSec));
}

export function idempotentWords(definition: CommandDefinition): string {
  return definition.idempotent === true ? texts.forms.safeToRepeat : texts.forms.notSafeToRepeat;
}

/** One line for each status; see `reasonWords` for why. */
const statuses: Readonly<Record<TargetStatus | GroupCommandView['status'], string>> = texts.forms.statuses;

export function statusWords(status: string): string {
  return wordsOf(statuses, status) ?? '';
}

/** Why the hub did not take it. */
const refusals: Readonly<Record<RefusalReason, string>> = texts.forms.refusals;

/** Why a command that the hub took ended as it did. */
const endings: Readonly<Record<string, string>> = texts.forms.endings;

/** Why: the hub's own reasons as a sentence; a device's own text is shown unchanged. */
export function reasonWords(reason: string): string {
  return wordsOf(refusals, reason) ?? wordsOf(endings, reason) ?? reason;
}

/** A device's own text may be a name such as `constructor`, which every object has. */
function wordsOf(words: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(words, key) ? words[key] : undefined;
}
