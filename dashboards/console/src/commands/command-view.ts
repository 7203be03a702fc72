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
  origin?: { actor: string; door: string };
}
