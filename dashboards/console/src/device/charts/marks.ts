/** What happened to a device, to be seen beside its readings. Pure. */

import type { AlarmView } from '../../../../../schemas/api/alarms.ts';
import type { CommandView } from '../../../../../schemas/api/commands/commands.ts';
import type { DeviceUpdate } from '../../../../../schemas/api/firmware/rollouts.ts';
import { updateStateWords } from '../../firmware/update-words.ts';
import { texts } from '../../texts/texts.ts';

export interface Mark {
  /** Unix ms. */
  readonly timeMs: number;
  readonly tone: 'bad' | 'warn' | 'move' | 'rest';
  readonly words: string;
}

/** Newest first. */
export function marksOf(happened: {
  readonly alarms: readonly AlarmView[];
  readonly commands: readonly CommandView[];
  readonly updates: readonly DeviceUpdate[];
}): Mark[] {
  const marks: Mark[] = [
    ...happened.alarms.map(({ lastMs, text, severity }): Mark => ({
      timeMs: lastMs,
      tone: severity === 'critical' ? 'bad' : 'warn',
      words: texts.charts.alarmText(text),
    })),
    ...happened.commands.map(({ accepted, name, status }): Mark => ({
      timeMs: accepted,
      tone: 'move',
      words: texts.charts.commandNameStatus(name, status),
    })),
    ...happened.updates.map(({ sinceMs, version, state }): Mark => ({
      timeMs: sinceMs,
      tone: 'rest',
      words: texts.charts.firmwareVersionState(version, updateStateWords[state]),
    })),
  ];
  return marks.toSorted((a, b) => b.timeMs - a.timeMs);
}
