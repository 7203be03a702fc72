import type { Clock } from '../../schemas/time/clock.ts';
import type { MetricsWriter, WriteOutcome } from './store.ts';

export type WholeOutcome =
  /** Every line is stored except those the store permanently refuses: line index → its reason. */
  | { kind: 'done'; refused: Map<number, string> }
  /** The search for refused lines took too long. The store works, but it is not known which lines it has. */
  | { kind: 'unfinished' }
  /** Not, or not completely, stored. Repeating the write later is harmless. */
  | {
      kind: 'failed';
      reason: string;
      retryAfterMs?: number | undefined;
      /** It will not recover by itself: a wrong password, a missing database, another server at the address. */
      needsPerson?: boolean;
    };

/**
 * Writes lines and finds those the store refuses. A store may name the field of a refused line and not the line
 * (InfluxDB 1.x), or refuse the whole body (2.x); so a refused body is written again in parts until single lines are
 * left, or a part of which the store says that it dropped every line. Writing a good line once more stores
 * nothing new. A body that is too large is halved in the same way.
 * Costs about 2·k·log2(n) small writes for k bad lines in n, and only a few when one field is to blame.
 * @param limit how long the search may take; after that it is left unfinished
 */
export async function writeWhole(
  store: MetricsWriter,
  lines: readonly string[],
  limit?: { clock: Clock; withinMs: number },
): Promise<WholeOutcome> {
  const refused = new Map<number, string>();
  const pending: number[][] = [lines.map((_, index) => index)];
  const endMs = limit === undefined ? Infinity : limit.clock.monotonic() + limit.withinMs;
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    if (part.length < lines.length && limit !== undefined && limit.clock.monotonic() > endMs) {
      return { kind: 'unfinished' };
    }
    const whole = part.length === lines.length;
    const outcome = await store.write(whole ? lines : part.map((index) => lines[index] ?? ''));
    switch (outcome.kind) {
      case 'stored':
        break;
      case 'partial':
      case 'refused':
        if (part.length === 1 || outcome.dropped === part.length) {
          for (const index of part) refused.set(index, outcome.reason);
        } else pending.push(...split(part, lines, outcome.blamed));
        break;
      case 'too-large': {
        const [index] = part;
        if (part.length > 1) pending.push(...halves(part));
        // A size limit of something in between says nothing about a line.
        else if (outcome.byStranger === true) return failure(outcome);
        else if (index !== undefined) refused.set(index, outcome.reason);
        break;
      }
      case 'unavailable':
      case 'misconfigured':
      case 'stranger':
        return failure(outcome);
    }
  }
  return { kind: 'done', refused };
}

/** Separates lines with the field that the store blames from the others, if that splits them; otherwise halves. */
function split(
  part: number[],
  lines: readonly string[],
  blamed: { measurement: string; field: string } | undefined,
): number[][] {
  if (blamed !== undefined) {
    const { measurement, field } = blamed;
    const suspect = (index: number): boolean => {
      const line = lines[index] ?? '';
      return line.startsWith(`${measurement},`) && line.includes(`${field}=`);
    };
    const suspects = part.filter(suspect);
    if (suspects.length > 0 && suspects.length < part.length) {
      return [part.filter((index) => !suspect(index)), suspects];
    }
  }
  return halves(part);
}

function halves(part: number[]): number[][] {
  const middle = part.length >>> 1;
  return [part.slice(middle), part.slice(0, middle)];
}

function failure(
  outcome: Extract<WriteOutcome, { kind: 'unavailable' | 'misconfigured' | 'stranger' | 'too-large' }>,
): WholeOutcome {
  const { reason } = outcome;
  if (outcome.kind !== 'unavailable') return { kind: 'failed', reason, needsPerson: true };
  const { retryAfterMs } = outcome;
  return { kind: 'failed', reason, retryAfterMs };
}
