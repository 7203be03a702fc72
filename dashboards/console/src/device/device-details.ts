import type { ClockQuality } from '../../../../hub/sessions/device-clock.ts';
import type { PresenceReason } from '../../../../hub/presence/presence.ts';
import type { DeviceRow } from '../fleet/device-row.ts';

/** One device as its own page shows it. Times are Unix ms; null: nothing yet. */
export interface DeviceDetails extends DeviceRow {
  registeredMs: number;
  /** Number of its latest session; 0 when it never had one. */
  epoch: number;
  reason?: PresenceReason;
  clock?: ClockQuality;
  lastPongMs: number | null;
  lastFrameMs: number | null;
}

export type FieldValue = number | string | boolean;

export interface Reading {
  stream: string;
  timeMs: number;
  fields: Readonly<Record<string, FieldValue>>;
}

/** A reading that the hub refused. */
export interface Nack {
  timeMs: number;
  code: string;
  seq?: number;
  stream?: string;
  /** JSON pointer into the data. */
  field?: string;
  rule?: string;
  message: string;
  firmware?: string;
  /** How often in a row, when more than once. */
  times?: number;
}
