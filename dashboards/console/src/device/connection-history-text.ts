/** What happened between a device and the hub, in plain words. Pure. */
import type { PresenceReason } from '../../../../schemas/presence-states.ts';
import type { DeviceEvent, DeviceEventBody } from '../../../../schemas/api/presence.ts';
import { stateWord } from '../components/state-word.ts';
import { updateReasonWords } from '../firmware/update-reasons.ts';
import { texts } from '../texts/texts.ts';
import { shortTime } from '../time.ts';

const reasons: Readonly<Record<PresenceReason, string>> = texts.device.connectionHistoryTextReasons;

/** Why a device is in its state. A reason that this console does not know is shown unchanged. */
export function reasonText(reason: string): string {
  return Object.hasOwn(reasons, reason) ? reasons[reason as PresenceReason] : reason;
}

const closers: Record<'hub' | 'device' | 'link', string> = texts.device.closers;

/** A line of the connection history. */
export interface HistoryLine {
  key: string;
  /** Unix ms. */
  timeMs: number;
  text: string;
  /** How often in a row, when more than once. */
  times: number | undefined;
}

/**
 * The connection history, newest first. A connection, the session that it opens and the device's coming online are
 * three entries and one line.
 */
export function historyLines(events: readonly DeviceEvent[]): HistoryLine[] {
  const shown: { entry: DeviceEvent; text: string }[] = [];
  for (const entry of events) {
    const last = shown.at(-1)?.entry;
    if (entry.kind === 'opened') {
      if (last !== undefined && isOpening(last)) shown.pop();
      const at = shown.findLastIndex(({ entry: { kind } }) => kind === 'connected');
      const [connected] = at < 0 ? [] : shown.splice(at, 1);
      shown.push({ entry, text: openedText(entry, connected?.entry) });
    } else if (last?.kind !== 'opened' || !isOpening(entry)) shown.push({ entry, text: eventText(entry) });
  }
  return shown.toReversed().map(({ entry: { atMs, lastMs, kind, times }, text }) => ({
    key: `${atMs} ${kind}`,
    timeMs: lastMs ?? atMs,
    text,
    times,
  }));
}

/** Whether it says only that the device came online with a new session. */
function isOpening(entry: DeviceEvent): boolean {
  return (
    entry.kind === 'presence' && (entry.reason === 'session-opened' || entry.reason === 'session-replaced')
  );
}

function openedText(
  { epoch, firmware, unseenBoots }: DeviceEventBody & { kind: 'opened' },
  from: DeviceEvent | undefined,
): string {
  const details = [
    texts.device.sessionNumber(epoch),
    ...(firmware === undefined ? [] : [texts.device.firmwareVersion(firmware)]),
    ...(unseenBoots === undefined ? [] : [texts.device.bootsWithoutTheHub(unseenBoots)]),
  ].join(', ');
  return from?.kind === 'connected'
    ? texts.device.connectedFrom(from.address, details)
    : texts.device.connected(details);
}

function updateText({ version, state, reason, rollout }: DeviceEventBody & { kind: 'update' }): string {
  const word = texts.firmware.updateStateWords[state];
  if (reason === undefined) return texts.device.update(version, word, rollout);
  return texts.device.updateBecause(version, word, updateReasonWords(reason), rollout);
}

/** One entry of the history, as a sentence. */
export function eventText(event: DeviceEventBody): string {
  switch (event.kind) {
    case 'refused':
      return texts.device.rejectedWithHttpFrom(event.status, event.code, event.address);
    case 'connected':
      return texts.device.openedAConnectionFromWithout(event.address);
    case 'opened':
      return openedText(event, undefined);
    case 'replaced':
      return texts.device.replacedByANewConnection(event.address);
    case 'held':
      return texts.device.secondDeviceWithTheSame(event.address);
    case 'throttled':
      return event.code === 'rate'
        ? texts.device.sentMoreThanAllowed
        : texts.device.hubWasOverloadedAndRejected;
    case 'bye':
      return event.sleepSec === undefined
        ? texts.device.disconnectedCleanlyBye
        : texts.device.disconnectedToSleepForS(event.sleepSec);
    case 'drained':
      return texts.device.hubWasStoppingAndGave(shortTime(event.slotMs));
    case 'closed':
      return `${closers[event.by]} (${[event.code, event.reason].filter((part) => part !== '').join(', ')}).`;
    case 'update':
      return updateText(event);
    case 'presence':
      if (event.reason === 'registered') return texts.device.registeredNotConnectedYet;
      return texts.device.nowStateReason(stateWord(event.state), reasonText(event.reason));
  }
}
