import packageJson from '../../../package.json' with { type: 'json' };
import type { CommandFollower } from '../../commands/answers.ts';
import type { HubContext } from '../context.ts';

/** Exports the traces of commands; undefined, and nothing of OpenTelemetry is loaded, without `HUB_TRACES_URL`. */
export async function startTracing(hub: HubContext, hubId: string): Promise<CommandFollower | undefined> {
  const { tracesUrl } = hub.config;
  if (tracesUrl === undefined) return undefined;
  const { exposeTraces, startOtlpTraces } = await import('../../adapters/tracing/otlp-traces.ts');
  const traces = startOtlpTraces(tracesUrl, { id: hubId, version: packageJson.version });
  hub.releasers.push('traces', () => traces.close());
  exposeTraces(hub.metrics, traces);
  return traces;
}
