import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';

/** How a device's clock compares with the hub's, in plain words. Pure. */
export function clockText({ quality, offsetMs = 0, driftMs }: NonNullable<DeviceDetails['clock']>): string {
  const drift = Math.abs(driftMs) < 1 ? undefined : `${driftMs < 0 ? '−' : '+'}${sizeText(driftMs)}`;
  switch (quality) {
    case 'unknown':
      return drift === undefined ? texts.device.notKnownYet : texts.device.notKnownYetDrift(drift);
    case 'good':
      return texts.device.inSyncWithin(sizeText(Math.max(1, Math.abs(offsetMs), Math.abs(driftMs))));
    case 'wrong':
      return wrongText(offsetMs < 0, sizeText(offsetMs), drift);
  }
}

function wrongText(isBehind: boolean, offset: string, drift: string | undefined): string {
  const { behind, behindDrift, ahead, aheadDrift } = texts.device;
  if (drift === undefined) return (isBehind ? behind : ahead)(offset);
  return (isBehind ? behindDrift : aheadDrift)(offset, drift);
}

function sizeText(ms: number): string {
  const size = Math.abs(Math.round(ms));
  return size >= 10_000
    ? texts.device.seconds((size / 1_000).toFixed(0))
    : texts.device.milliseconds(countWords(size));
}
