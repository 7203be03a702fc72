/** Plain integers shared by all sessions. */
export interface SessionCounters {
  frames: number;
  undecodable: number;
  welcomes: number;
  noticesDropped: number;
  exceptions: number;
  nacks: Record<string, number>;
  closes: Record<string, number>;
}

export function newSessionCounters(): SessionCounters {
  return { frames: 0, undecodable: 0, welcomes: 0, noticesDropped: 0, exceptions: 0, nacks: {}, closes: {} };
}
