/** What happened to a device, to be seen beside its readings. Pure. */

import type { AlarmView } from '../../../../../schemas/api/alarms.ts';
import type { CommandView } from '../../../../../schemas/api/commands/commands.ts';
import type { PresenceChange } from '../../../../../schemas/api/presence-history.ts';
import type { SentEvent } from '../../../../../schemas/api/telemetry/readings.ts';
import type { DeviceUpdate } from '../../../../../schemas/api/firmware/rollouts.ts';
import { stateWord } from '../../components/state-word.ts';
import { reasonText } from '../connection-history-text.ts';
import { texts } from '../../texts/texts.ts';

/** Of each kind. */
export const mostMarks = 50;

export interface Mark {
  /** Unix ms. */
  readonly timeMs: number;
  readonly tone: 'good' | 'bad' | 'warn' | 'move' | 'rest';
  readonly words: string;
}

/** Newest first. */
export function marksOf(happened: {
  readonly alarms: readonly AlarmView[];
  readonly commands: readonly CommandView[];
  readonly updates: readonly DeviceUpdate[];
  readonly events: readonly SentEvent[];
  readonly presence: readonly PresenceChange[];
  /** What a command is called. */
  readonly wordsOf: (command: string) => string;
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
      words: texts.charts.commandNameStatus(happened.wordsOf(name), status),
    })),
    ...happened.updates.map(({ sinceMs, version, state }): Mark => ({
      timeMs: sinceMs,
      tone: 'rest',
      words: texts.charts.firmwareVersionState(version, texts.firmware.updateStateWords[state]),
    })),
    ...happened.events.map(({ timeMs, name, severity, data }): Mark => ({
      timeMs,
      tone: eventTones[severity],
      words: texts.charts.eventText(name, JSON.stringify(data)),
    })),
    ...happened.presence
      .filter(isComingOrGoing)
      .slice(-mostMarks)
      .map(({ timeMs, state, reason }): Mark => ({
        timeMs,
        tone: state === 'online' ? 'good' : 'rest',
        words: texts.charts.presenceText(stateWord(state), reasonText(reason)),
      })),
  ];
  return marks.toSorted((a, b) => b.timeMs - a.timeMs);
}

const eventTones: Readonly<Record<SentEvent['severity'], Mark['tone']>> = {
  critical: 'bad',
  warning: 'warn',
  info: 'move',
};

/** No news: a device that is suspect for a moment, and one before its first connection. */
const quietStates: ReadonlySet<PresenceChange['state']> = new Set(['suspect', 'never-seen']);

function isComingOrGoing({ state }: PresenceChange, at: number, all: readonly PresenceChange[]): boolean {
  if (quietStates.has(state)) return false;
  const before = all.slice(0, at).findLast((change) => !quietStates.has(change.state));
  return before?.state !== state;
}
