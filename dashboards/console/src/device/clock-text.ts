import type { DeviceDetails } from '../../../../schemas/api/devices.ts';

/** How a device's clock compares with the hub's, in plain words. Pure. */
export function clockText({ quality, offsetMs = 0, driftMs }: NonNullable<DeviceDetails['clock']>): string {
  const drift = Math.abs(driftMs) < 1 ? '' : `, drift ${driftMs < 0 ? '−' : '+'}${sizeText(driftMs)}`;
  switch (quality) {
    case 'unknown':
      return `not known yet${drift}`;
    case 'good':
      return `in sync (±${sizeText(Math.max(1, Math.abs(offsetMs), Math.abs(driftMs)))})`;
    case 'wrong':
      return `${sizeText(offsetMs)} ${offsetMs < 0 ? 'behind' : 'ahead'}${drift}`;
  }
}

function sizeText(ms: number): string {
  const size = Math.abs(Math.round(ms));
  return size >= 10_000 ? `${(size / 1_000).toFixed(0)} s` : `${size.toLocaleString()} ms`;
}
