/** One thing a device did, by its own clock and its own reckoning of the hub's. */
export interface Execution {
  readonly device: string;
  readonly id: string;
  readonly hubTimeMs: number;
  readonly deadlineMs: number;
  readonly params: unknown;
}

/** Commands are named device/id. */
export interface CommandLog {
  /** Asked for by anybody. */
  readonly requested: ReadonlySet<string>;
  /** Promised to be in the journal. */
  readonly promised: ReadonlySet<string>;
  readonly executions: readonly Execution[];
  /** How each ended in the device's own record. */
  readonly results: ReadonlyMap<string, string>;
  readonly journal: ReadonlyMap<string, { status: string; final: boolean; reason?: string | undefined }>;
}

/** Each promised command has one final status, which is the device's own; none is done twice, late, or by another device. */
export function commandFaults({ requested, promised, executions, results, journal }: CommandLog): string[] {
  const faults: string[] = [];
  for (const key of promised) if (!journal.has(key)) faults.push(`${key} is promised and not in the journal`);
  const ran = new Set<string>();
  for (const { device, id, hubTimeMs, deadlineMs } of executions) {
    const key = `${device}/${id}`;
    if (!requested.has(key)) faults.push(`${key} was not asked of this device`);
    if (ran.has(key)) faults.push(`${key} was run more than once`);
    if (!(hubTimeMs <= deadlineMs)) faults.push(`${key} was begun ${hubTimeMs - deadlineMs} ms too late`);
    ran.add(key);
  }
  for (const [key, { status, final, reason = '' }] of journal) {
    const said = results.get(key);
    if (!final) faults.push(`${key} has not ended: ${status}`);
    else if (ran.has(key) ? status !== said : !['rejected', 'expired', 'cancelled'].includes(status))
      faults.push(`${key}: the hub says ${status} (${reason}), the device ${said ?? 'nothing'}`);
  }
  return faults;
}
