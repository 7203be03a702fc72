import type { FieldError } from '../api.ts';

export type OpenStatus = 'accepted' | 'queued' | 'sent' | 'received' | 'running' | 'uncertain';
export type FinalStatus = 'succeeded' | 'failed' | 'rejected' | 'expired' | 'cancelled' | 'lost';
export type CommandStatus = OpenStatus | FinalStatus;

/** A command as the API lists it. Times are Unix ms. */
export interface CommandView {
  id: string;
  device: string;
  name: string;
  status: CommandStatus;
  /** The status is the last one. */
  final: boolean;
  params: Readonly<Record<string, unknown>>;
  accepted: number;
  /** When the status was entered. */
  ts: number;
  /** Not begun at or after this moment. */
  deadline: number;
  reason?: string;
  errors?: readonly FieldError[];
  output?: unknown;
  percent?: number;
  note?: string;
  /** Its end was asked for. */
  cancelRequested?: true;
  actor?: string;
  origin?: string;
}

export type GroupStatus = 'running' | 'finished' | 'stopped' | 'expired' | 'cancelled';

/** A group command as the API lists it; its devices come only where it alone is asked for. */
export interface GroupCommandView {
  id: string;
  /** `-`: to a selection that is not stored. */
  group: string;
  to: string;
  name: string;
  status: GroupStatus;
  final: boolean;
  params: Readonly<Record<string, unknown>>;
  /** Devices in one wave. */
  wave: number;
  /** With more it stops. */
  maxFailures: number;
  accepted: number;
  reason?: string;
  targets: number;
  succeeded: number;
  /** Ended otherwise, or uncertain. */
  failed: number;
  open: number;
  waiting: number;
  skipped: number;
}
