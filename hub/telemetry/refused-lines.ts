import type { MetricsWriter, WriteOutcome } from './store.ts';

export type WholeOutcome =
  /** Every line is stored, but those the store refuses for good: line index → its reason. */
  | { kind: 'done'; refused: Map<number, string> }
  /** Not (all) stored now; the same write later is harmless. */
  | { kind: 'failed'; reason: string; retryAfterMs: number | undefined };

/**
 * Writes lines and finds those the store refuses. InfluxDB 1.x names the field of a refused line, not the
 * line, and 2.x refuses the whole body; so a refused body is written again in halves until single lines are
 * left. Writing a good line once more stores nothing new. A body that is too large is halved in the same way.
 * Costs about 2·k·log2(n) small writes for k bad lines in n.
 */
export async function writeWhole(store: MetricsWriter, lines: readonly string[]): Promise<WholeOutcome> {
  const refused = new Map<number, string>();
  const pending: { start: number; end: number }[] = [{ start: 0, end: lines.length }];
  for (let range = pending.pop(); range !== undefined; range = pending.pop()) {
    const { start, end } = range;
    const part = start === 0 && end === lines.length ? lines : lines.slice(start, end);
    const outcome = await store.write(part);
    switch (outcome.kind) {
      case 'stored':
        break;
      case 'partial':
      case 'refused':
      case 'too-large':
        if (end - start === 1) refused.set(start, outcome.reason);
        else {
          const middle = (start + end) >>> 1;
          pending.push({ start: middle, end }, { start, end: middle });
        }
        break;
      case 'unavailable':
      case 'misconfigured':
        return { kind: 'failed', reason: outcome.reason, retryAfterMs: retryAfterMs(outcome) };
    }
  }
  return { kind: 'done', refused };
}

function retryAfterMs(outcome: WriteOutcome): number | undefined {
  return outcome.kind === 'unavailable' ? outcome.retryAfterMs : undefined;
}
