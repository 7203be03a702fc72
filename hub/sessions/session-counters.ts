import type { CloseReason } from '../../schemas/index.ts';

/** Plain integers shared by all sessions. */
export interface SessionCounters {
  frames: number;
  undecodable: number;
  welcomes: number;
  noticesDropped: number;
  exceptions: number;
  nacks: Record<string, number>;
  /** Sessions that the hub closed, by reason. */
  closes: Record<string, number>;
  /** Sessions that the device closed, or whose connection broke, by close code. */
  losses: Record<string, number>;
}

export function newSessionCounters(): SessionCounters {
  return {
    frames: 0,
    undecodable: 0,
    welcomes: 0,
    noticesDropped: 0,
    exceptions: 0,
    nacks: {},
    closes: {},
    losses: {},
  };
}

export function countClose({ closes }: SessionCounters, reason: CloseReason): void {
  closes[reason] = (closes[reason] ?? 0) + 1;
}

/** A device may name any code: those that RFC 6455 §7.4.1 does not define are counted together. */
const definedCodes: ReadonlySet<number> = new Set([
  1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011,
]);

/** @param code of the device's close frame; 1005: it had none, 1006: there was no close frame (RFC 6455 §7.1.5) */
export function countLoss({ losses }: SessionCounters, code: number): void {
  const name = definedCodes.has(code) ? String(code) : 'other';
  losses[name] = (losses[name] ?? 0) + 1;
}
