import { HubError, messageOf } from '../../kernel/errors.ts';
import type { WriteOutcome } from '../../telemetry/store.ts';
import type { InfluxStore } from './influx.ts';

/**
 * Creates the database when InfluxDB answers a probe or a write with "not found", and tries again. As long as the database
 * exists, the user needs no right to create one.
 */
export function makingMissingDatabase(store: InfluxStore): InfluxStore {
  /** Undefined: it was created. */
  async function make(reason: string): Promise<string | undefined> {
    try {
      await store.createDatabase();
      return undefined;
    } catch (error) {
      return `${reason} (and it cannot be created: ${messageOf(error)})`;
    }
  }

  async function write(lines: readonly string[], signal?: AbortSignal): Promise<WriteOutcome> {
    const outcome = await store.write(lines, signal);
    if (outcome.kind !== 'misconfigured' || outcome.status !== 404) return outcome;
    const reason = await make(outcome.reason);
    return reason === undefined ? store.write(lines, signal) : { ...outcome, reason };
  }

  async function probe(): Promise<string> {
    try {
      return await store.probe();
    } catch (error) {
      if (!(error instanceof HubError)) throw error;
      const { details } = error;
      if (details['kind'] !== 'misconfigured' || details['status'] !== 404) throw error;
      const reason = await make(String(details['reason']));
      if (reason === undefined) return store.probe();
      throw new HubError('store-unavailable', reason, { cause: error, details });
    }
  }

  return { ...store, write, probe };
}
