import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { freePort } from './free-port.ts';
import { temporaryFolder } from './guard.ts';
import { startOwnServer, type OwnServer } from './own-server.ts';

/** What InfluxDB 1.x and 2.x put on every answer; a server that stands in for one has to as well. */
export const influxHeaders = { 'X-Influxdb-Version': '1.8.10' };

/** The lines of a write as the hub made them, times in microseconds: for a server that stands in for InfluxDB. */
export async function linesWritten(request: IncomingMessage): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const lines = text.toString().split('\n');
  return lines.filter((line) => line !== '').map((line) => line.replace(/000$/, ''));
}

/** `http://127.0.0.1:PORT`. */
export type InfluxServer = OwnServer;

export interface InfluxOptions {
  /** Further lines of the `[http]` section: `{'max-body-size': 1000, 'auth-enabled': true}`. */
  http?: Readonly<Record<string, string | number | boolean>>;
}

function section(name: string, settings: Readonly<Record<string, string | number | boolean>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [`[${name}]`, ...lines].join('\n');
}

function configuration(folder: string, port: number, { http = {} }: InfluxOptions): string {
  return [
    'reporting-enabled = false',
    // The backup service; its default port 8088 would clash with a second server's.
    'bind-address = "127.0.0.1:0"',
    section('meta', { dir: join(folder, 'meta') }),
    section('data', {
      dir: join(folder, 'data'),
      'wal-dir': join(folder, 'wal'),
      'query-log-enabled': false,
    }),
    section('http', { 'bind-address': `127.0.0.1:${port}`, 'log-enabled': false, ...http }),
    section('monitor', { 'store-enabled': false }),
    section('continuous_queries', { 'log-enabled': false }),
    section('logging', { level: 'warn' }),
  ].join('\n');
}

/**
 * A real InfluxDB 1.x of the test's own: fresh folders, free port, gone with `close()` or with this process.
 * @throws when there is no `influxd` (with the way out), or it does not start (with what it wrote)
 */
export async function startInflux(options: InfluxOptions = {}): Promise<InfluxServer> {
  const folder = temporaryFolder('influxd');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  mkdirSync(join(folder.path, 'meta'));
  const configFile = join(folder.path, 'influxdb.conf');
  writeFileSync(configFile, configuration(folder.path, port, options));
  return startOwnServer({
    name: 'influxd',
    args: ['-config', configFile],
    url,
    port,
    folder,
    serves: async () => (await fetch(`${url}/ping`)).status === 204,
  });
}

export type InfluxValue = string | number | boolean | null;

export interface InfluxSeries {
  name: string;
  tags?: Record<string, string>;
  columns: string[];
  values: InfluxValue[][];
}

interface QueryAnswer {
  error?: string;
  results?: { error?: string; series?: InfluxSeries[] }[];
}

/**
 * Runs InfluxQL (reads and statements such as `CREATE DATABASE`) and gives the series of all its statements.
 * Times come as integers of microseconds.
 * @throws with the server's own words when it refuses
 */
export async function query(url: string, database: string, influxql: string): Promise<InfluxSeries[]> {
  const response = await fetch(`${url}/query`, {
    method: 'POST',
    body: new URLSearchParams({ db: database, q: influxql, epoch: 'u' }),
  });
  const answer = (await response.json()) as QueryAnswer;
  const fault = answer.error ?? answer.results?.find((result) => result.error !== undefined)?.error;
  if (fault !== undefined || !response.ok) {
    throw new Error(`InfluxDB refused (${response.status}) ${influxql}: ${fault ?? 'no reason given'}`);
  }
  return answer.results?.flatMap((result) => result.series ?? []) ?? [];
}
