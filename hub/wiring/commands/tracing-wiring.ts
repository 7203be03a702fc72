import packageJson from '../../../package.json' with { type: 'json' };
import type { CommandFollower } from '../../commands/answers.ts';
import type { HubContext } from '../context.ts';

/** Exports the traces of commands; undefined, and nothing of OpenTelemetry is loaded, without `HUB_TRACES_URL`. */
export async function startTracing(hub: HubContext, hubId: string): Promise<CommandFollower | undefined> {
  const { tracesUrl } = hub.config;
  if (tracesUrl === undefined) return undefined;
  const { startOtlpTraces } = await import('../../adapters/tracing/otlp-traces.ts');
  const traces = startOtlpTraces(tracesUrl, { id: hubId, version: packageJson.version });
  hub.releasers.push('traces', () => traces.close());
  hub.metrics.counter(
    'hub_trace_spans_total',
    'Spans of commands: exported, not taken by the collector (failed), or left out because too many waited (dropped)',
    () => ({ ...traces.counters }),
    'fate',
  );
  return traces;
}
