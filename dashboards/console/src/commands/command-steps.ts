/** The progress of a command as a row of steps, for a picture. */

export interface Step {
  readonly name: 'accepted' | 'sent' | 'received' | 'running' | 'ended';
  /** `skipped`: the command ended without this step, or passed it too quickly to be seen. */
  readonly state: 'done' | 'now' | 'open' | 'skipped';
  /** The status that is shown at this step. */
  readonly status: string;
  /** When the step was first reported, Unix ms. */
  readonly timeMs?: number;
}

/** One status as it was reported, Unix ms on the hub's clock. */
export interface StatusReport {
  readonly status: string;
  readonly timeMs: number;
}

const way = ['accepted', 'sent', 'received', 'running', 'ended'] as const;
/** The step to which a status belongs. */
const place: Readonly<Record<string, number>> = {
  accepted: 0,
  queued: 0,
  sent: 1,
  uncertain: 1,
  received: 2,
  running: 3,
};
/** Only a device that has received the command reports these. */
const saidByDevice: ReadonlySet<string> = new Set(['succeeded', 'failed']);

/**
 * The steps of a command whose statuses were reported in this order; the last one is its current status. Statuses that
 * followed each other quickly may be missing: those that it must have passed are filled in.
 */
export function stepsOf(reports: readonly StatusReport[]): Step[] {
  const last = reports.at(-1)?.status ?? 'accepted';
  const at = place[last] ?? way.length - 1;
  const reached = Math.max(
    0,
    ...reports.map(({ status }) => place[status] ?? 0),
    saidByDevice.has(last) ? 2 : 0,
  );
  return way.map((name, index): Step => {
    const seen = reports.findLast(({ status }) => (place[status] ?? way.length - 1) === index);
    const when = seen === undefined ? {} : { timeMs: seen.timeMs };
    if (index === at) return { name, state: at === way.length - 1 ? 'done' : 'now', status: last, ...when };
    if (index <= reached && name !== 'ended')
      return { name, state: 'done', status: seen?.status ?? name, ...when };
    return { name, state: at === way.length - 1 ? 'skipped' : 'open', status: name, ...when };
  });
}

/** Adds the status that was just reported, unless it is already known, and keeps the newest `max`. */
export function addReport(
  reports: readonly StatusReport[],
  next: StatusReport,
  max = 50,
): readonly StatusReport[] {
  const last = reports.at(-1);
  if (last !== undefined && (last.status === next.status || last.timeMs > next.timeMs)) return reports;
  return [...reports, next].slice(-max);
}
