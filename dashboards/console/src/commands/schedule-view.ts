import type { ScheduleView } from '../../../../schemas/api/commands/schedules.ts';
import { texts } from '../texts/texts.ts';

/** What it does at its time, in a few words. @param wordsOf what a command is called */
export function actionWords({ action }: ScheduleView, wordsOf: (name: string) => string): string {
  if (action.kind === 'notice') return texts.commands.noticeOnTopic(action.topic);
  const params = JSON.stringify(action.params);
  const words = wordsOf(action.name);
  return params === '{}' ? words : texts.commands.withParams(words, params);
}
