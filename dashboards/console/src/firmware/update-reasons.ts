import { texts } from '../texts/texts.ts';

const updateReasons: Readonly<Record<string, string>> = texts.firmware.updateReasons;

/** Why an update ended so; a reason that this console does not know is shown as it is. Pure. */
export function updateReasonWords(reason: string): string {
  return updateReasons[reason] ?? reason;
}
