/** Where updates and rollouts stand, in words and looks. */

import type { RolloutStatus, TroubleKind, UpdateState } from '../../../../schemas/firmware/update-states.ts';
import { looks, type Look } from '../components/badge.tsx';
import { texts } from '../texts/texts.ts';

export const updateLooks: Readonly<Record<UpdateState, Look>> = {
  pending: { ...looks.waits, tone: 'none' },
  offered: looks.waits,
  downloading: looks.moves,
  applying: looks.moves,
  soaking: { ...looks.waits, tone: 'warn' },
  succeeded: looks.done,
  failed: looks.bad,
  'rolled-back': { tone: 'bad', shape: 'M14 8H4M8 4L4 8l4 4' },
  rejected: looks.bad,
  'timed-out': { tone: 'bad', shape: 'M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.2l2 1.3' },
  cancelled: looks.away,
  skipped: looks.away,
};

export const rolloutLooks: Readonly<Record<RolloutStatus, Look>> = {
  running: looks.moves,
  paused: { tone: 'warn', shape: 'M5.5 3v10M10.5 3v10' },
  finished: looks.done,
  stopped: looks.bad,
  cancelled: looks.away,
};

export const updateStateWords: Readonly<Record<UpdateState, string>> = texts.firmware.updateStateWords;

export const troubleWords: Readonly<Record<TroubleKind, string>> = texts.firmware.troubleWords;

/** What the status of a rollout means, with why. */
export function rolloutSentence(status: RolloutStatus, reason: string | undefined): string {
  switch (status) {
    case 'running':
      return texts.firmware.updatesGoOnWave;
    case 'paused':
      return texts.firmware.noUpdateBeginsUntil;
    case 'finished':
      return texts.firmware.everyUpdateHasEnded;
    case 'cancelled':
      return texts.firmware.cancelledOnRequestWhatWas;
    case 'stopped':
      return texts.firmware.devicesThatAreNotUpdated(stopWords(reason));
  }
}

function stopWords(reason: string | undefined): string {
  if (reason === 'devices-do-worse') return texts.firmware.stoppedDevicesDoWorse;
  if (reason === 'too-many-failures') return texts.firmware.stoppedMoreUpdatesFailed;
  return texts.firmware.stopped;
}
