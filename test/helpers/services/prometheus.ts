import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { spawnGuarded, temporaryFolder } from './guard.ts';
import { program } from './services.ts';
import { waitFor } from '../wait-for.ts';

export interface PrometheusServer {
  /** One sample for each series, by its labels. @throws with Prometheus' own words for what it does not understand */
  query(promql: string): Promise<PrometheusSample[]>;
  /** Every rule as it stands now. */
  rules(): Promise<PrometheusRule[]>;
  close(): Promise<void>;
}

export interface PrometheusSample {
  metric: Readonly<Record<string, string>>;
  value: [timeSec: number, value: string];
}

export interface PrometheusRule {
  name: string;
  /** `unknown` before it was evaluated, `err` when that failed. */
  health: 'ok' | 'unknown' | 'err';
  lastError?: string;
  /** Of an alert. */
  state?: 'inactive' | 'pending' | 'firing';
}

/** @param configuration as its file has it; it is checked by `promtool`, and each file of rules with it */
export async function startPrometheus(configuration: string): Promise<PrometheusServer> {
  const folder = temporaryFolder('prometheus');
  const file = join(folder.path, 'prometheus.yml');
  writeFileSync(file, configuration);
  const promtool = program('promtool');
  execFileSync(promtool.path, ['check', 'config', file], { env: promtool.env, stdio: 'pipe' });
  const port = await freePort();
  const { path, env } = program('prometheus');
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = await spawnGuarded(path, args, env);
  const ask = async <Data>(address: string): Promise<Data> => {
    const answer = await fetch(`http://127.0.0.1:${port}${address}`);
    const { status, error, data } = (await answer.json()) as { status: string; error?: string; data: Data };
    if (status !== 'success') throw new Error(error);
    return data;
  };
  await waitFor(async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok, {
    what: 'Prometheus is ready',
    timeoutMs: 20_000,
    everyMs: 50,
  });
  return {
    query: async (promql) =>
      (await ask<{ result: PrometheusSample[] }>(`/api/v1/query?query=${encodeURIComponent(promql)}`)).result,
    rules: async () =>
      (await ask<{ groups: { rules: PrometheusRule[] }[] }>('/api/v1/rules')).groups.flatMap(
        ({ rules }) => rules,
      ),
    async close() {
      await child.end('SIGTERM');
      folder.remove();
    },
  };
}
