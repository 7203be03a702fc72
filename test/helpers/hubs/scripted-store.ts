import { HubError } from '../../../hub/kernel/errors.ts';
import type { MetricsWriter, WriteOutcome } from '../../../hub/telemetry/store.ts';

/** A metrics store whose answers a test scripts; it keeps what it said it stored. */
export class ScriptedStore implements MetricsWriter {
  readonly writes: string[][] = [];
  readonly stored = new Set<string>();
  probes = 0;
  inFlight = 0;
  mostInFlight = 0;
  answer: (lines: readonly string[]) => WriteOutcome | Promise<WriteOutcome> = () => ({ kind: 'stored' });

  async write(lines: readonly string[]): Promise<WriteOutcome> {
    this.writes.push([...lines]);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const outcome = await this.answer(lines);
      if (outcome.kind === 'stored') for (const line of lines) this.stored.add(line);
      return outcome;
    } finally {
      this.inFlight -= 1;
    }
  }

  async probe(): Promise<string> {
    this.probes += 1;
    const outcome = await this.answer([]);
    if (outcome.kind !== 'stored') {
      throw new HubError('store-unavailable', outcome.reason, { details: { ...outcome } });
    }
    return 'a scripted store';
  }

  /** Requests of every kind. */
  get asked(): number {
    return this.writes.length + this.probes;
  }

  /** Holds back every answer until the given function is called with it. */
  hold(): (outcome: WriteOutcome) => void {
    const held = Promise.withResolvers<WriteOutcome>();
    this.answer = () => held.promise;
    return (outcome) => {
      this.answer = () => ({ kind: 'stored' });
      held.resolve(outcome);
    };
  }

  /** As InfluxDB 1.x does it: the good lines of a body are written, the answer names a reason, not the lines. */
  refuseLines(isBad: (line: string) => boolean): void {
    this.answer = (lines) => {
      const good = lines.filter((line) => !isBad(line));
      for (const line of good) this.stored.add(line);
      return good.length === lines.length
        ? { kind: 'stored' }
        : {
            kind: 'partial',
            reason: 'partial write: field type conflict',
            dropped: lines.length - good.length,
          };
    };
  }
}
