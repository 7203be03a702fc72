import type { ScheduleView } from '../../../../schemas/api/commands/schedules.ts';
import { texts } from '../texts/texts.ts';

/** What it does at its time, in a few words. */
export function actionWords({ action }: ScheduleView): string {
  if (action.kind === 'notice') return texts.commands.noticeOnTopic(action.topic);
  const params = JSON.stringify(action.params);
  return params === '{}' ? action.name : `${action.name} ${params}`;
}
