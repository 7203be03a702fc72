import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';

/** How a device's clock compares with the hub's, in plain words. Pure. */
export function clockText({ quality, offsetMs = 0, driftMs }: NonNullable<DeviceDetails['clock']>): string {
  const drift = Math.abs(driftMs) < 1 ? '' : texts.device.drift(driftMs < 0 ? '−' : '+', sizeText(driftMs));
  switch (quality) {
    case 'unknown':
      return texts.device.notKnownYet(drift);
    case 'good':
      return texts.device.inSyncWithin(sizeText(Math.max(1, Math.abs(offsetMs), Math.abs(driftMs))));
    case 'wrong':
      return (offsetMs < 0 ? texts.device.behind : texts.device.ahead)(sizeText(offsetMs), drift);
  }
}

function sizeText(ms: number): string {
  const size = Math.abs(Math.round(ms));
  return size >= 10_000
    ? texts.device.seconds((size / 1_000).toFixed(0))
    : texts.device.milliseconds(countWords(size));
}
