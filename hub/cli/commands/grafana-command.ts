/** `grafana generate`: data source, dashboards and alert rules from the device types. */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { grafanaFiles, typeBoardFile } from '../../../dashboards/grafana/generate/files.ts';
import { loadDeviceTypes } from '../../../schemas/index.ts';
import { HubError, messageOf } from '../../kernel/errors.ts';
import type { CliDeps } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { schemaFaultsAsHubErrors } from '../schema-faults.ts';
import { zipOf } from '../zip-file.ts';

interface GenerateOptions extends ConfigOptions {
  out: string;
  schemas?: string;
  docs?: string;
  console?: string;
  webhook?: string;
  influxdb3?: true;
  zip?: string;
  check?: true;
}

/** What differs between a folder and what should be in it. */
interface Difference {
  path: string;
  kind: 'changed' | 'missing' | 'obsolete';
}

export function addGrafana(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  program
    .command('grafana')
    .description('files for Grafana')
    .command('generate')
    .description('write data source, dashboards and alert rules for the device types')
    .option('--out <dir>', 'the folder for `dashboards` and `provisioning`', 'dashboards/grafana')
    .option('--schemas <dir>', 'folder of the device types (default: HUB_SCHEMAS_DIR)')
    .option('--docs <url>', "where the documents' site is served, for the runbook_url of each rule")
    .option(
      '--console <url>',
      'where the console is, for the links of devices (default: http://127.0.0.1:8080)',
    )
    .option('--webhook <url>', 'where Grafana posts the alerts of these rules, those of a site together')
    .option('--influxdb3', 'leave out what InfluxDB 3 does not have: limits of how many series are drawn')
    .option('--zip <file>', 'write one ZIP archive with all files, and no folder')
    .option('--check', 'write nothing; list the files that differ, and fail if there are any')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GenerateOptions>();
      const { config } = loadConfig(options, deps);
      const dir = options.schemas === undefined ? config.schemasDir : resolve(deps.cwd, options.schemas);
      const types = (await schemaFaultsAsHubErrors(loadDeviceTypes(dir))).all();
      const files = grafanaFiles(types, {
        database: config.influx?.database ?? 'hub',
        docsUrl: options.docs,
        consoleUrl: options.console,
        webhookUrl: options.webhook,
        influxdb3: options.influxdb3,
      });
      if (options.zip !== undefined && options.check !== true) {
        const file = resolve(deps.cwd, options.zip);
        writing(file, () => writeFileSync(file, zipOf(files)));
        deps.out(`${options.zip}: ${files.size} files\n`);
        return;
      }
      const out = resolve(deps.cwd, options.out);
      const differences = compare(out, files);
      if (options.check !== true) writeAll(out, files, differences);
      const verb = options.check === true ? 'differ' : 'written';
      for (const { path, kind } of differences) deps.out(`${path}: ${kind}\n`);
      deps.out(`${differences.length} of ${files.size} files ${verb}\n`);
      if (options.check === true && differences.length > 0) done(exitCodes.fault);
    });
}

function compare(out: string, files: ReadonlyMap<string, string>): Difference[] {
  const differences: Difference[] = [];
  for (const [path, text] of files) {
    const there = textOf(join(out, path));
    if (there === undefined) differences.push({ path, kind: 'missing' });
    else if (there !== text) differences.push({ path, kind: 'changed' });
  }
  for (const name of namesIn(join(out, 'dashboards'))) {
    const path = `dashboards/${name}`;
    if (!typeBoardFile.test(path) || files.has(path)) continue;
    // Somebody's own dashboard may have such a name too.
    if (textOf(join(out, path))?.includes('"uid": "device-hub-type-') === true) {
      differences.push({ path, kind: 'obsolete' });
    }
  }
  return differences;
}

/** @throws HubError `input-invalid` when the folder cannot be written */
function writeAll(out: string, files: ReadonlyMap<string, string>, differences: readonly Difference[]): void {
  for (const { path, kind } of differences) {
    const file = join(out, path);
    writing(file, () => {
      if (kind === 'obsolete') {
        rmSync(file);
        return;
      }
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, files.get(path) ?? '');
    });
  }
}

/** @throws HubError `input-invalid` when the file cannot be written */
function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new HubError('input-invalid', `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function textOf(file: string): string | undefined {
  return orNothing(file, () => readFileSync(file, 'utf8'));
}

function namesIn(dir: string): string[] {
  return orNothing(dir, () => readdirSync(dir).toSorted()) ?? [];
}

/** Undefined when there is no such file. @throws HubError `input-invalid` when it cannot be read */
function orNothing<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new HubError('input-invalid', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
