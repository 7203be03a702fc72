/** `check-config`: checks the configuration without starting anything. */

import type { Command } from 'commander';
import { invalidConfig, type NamedFault } from '../../config/config-fault.ts';
import type { Config } from '../../config/config.ts';
import type { NamedFiles } from '../../config/named-files.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { HubError } from '../../kernel/errors.ts';
import type { ListenAddress } from '../../kernel/listener-address.ts';
import type { CliDeps } from '../cli-deps.ts';
import { loadConfig, type ConfigOptions } from '../config-source.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { withoutSecrets } from '../hidden-secrets.ts';
import { table } from '../table.ts';

export function addCheckConfig(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  program
    .command('check-config')
    .description(
      'check the configuration, device types and certificates: print every fault, or the settings in effect',
    )
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions & { json?: true }>();
      try {
        const { config, warnings } = await judge(options, deps);
        if (options.json === true) {
          deps.out(`${JSON.stringify({ valid: true, warnings, config: withoutSecrets(config) })}\n`);
        } else {
          for (const warning of warnings) deps.err(`warning: ${warning}\n`);
          deps.out(`the configuration is valid\n${table(['', ''], effective(config, deps)).trimStart()}`);
        }
      } catch (error) {
        if (options.json !== true || !(error instanceof HubError) || error.code !== 'config-invalid')
          throw error;
        deps.out(`${JSON.stringify({ valid: false, faults: error.details['faults'] })}\n`);
        done(exitCodes.usage);
      }
    });
}

/** The configuration and the files it names. @throws HubError `config-invalid` with the faults of both */
async function judge(options: ConfigOptions, deps: CliDeps): Promise<ReturnType<typeof loadConfig>> {
  const filesFaults = (files: NamedFiles): Promise<NamedFault[]> => deps.fileFaults(files, deps.clock.now());
  let loaded: ReturnType<typeof loadConfig>;
  try {
    loaded = loadConfig(options, deps);
  } catch (error) {
    if (!(error instanceof HubError) || error.code !== 'config-invalid') throw error;
    const { faults, files } = error.details as { faults: NamedFault[]; files?: NamedFiles };
    throw files === undefined ? error : invalidConfig([...faults, ...(await filesFaults(files))]);
  }
  const faults = await filesFaults(loaded.files);
  if (faults.length > 0) throw invalidConfig(faults);
  return loaded;
}

function effective(config: Config, { clock, cronTimes }: CliDeps): string[][] {
  const { tls, influx, mqtt, state } = config;
  const plain = tls.mode === 'off' || tls.mode === 'terminated';
  const tlsText = {
    own: `certificate of the hub's own CA, ${config.dataDir}/tls/ca.crt`,
    given: `certificate ${tls.mode === 'given' ? tls.cert : ''}`,
    off: 'no TLS, this machine only',
    terminated: 'TLS by the proxy in front',
  }[tls.mode];
  return [
    ['devices', `${plain ? 'ws' : 'wss'}://${shown(config.deviceListen)}/v1/device (${tlsText})`],
    ['admin', `http://${shown(config.adminListen)}`],
    ['broker', mqtt.url ?? `mqtt://${shown(config.brokerListen)} (embedded)`],
    ['metrics', influx === undefined ? 'embedded store' : `${influx.url}, database ${influx.database}`],
    ...(state === undefined ? [] : [['state', state.url]]),
    ['data', config.dataDir],
    ['schemas', config.schemasDir],
    ...(config.notice === undefined
      ? []
      : [['notice', cronTimes(config.notice.cron, clock.now(), 5).map(isoTime).join(', ')]]),
  ];
}

function shown({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port === 0 ? '<any>' : port}`;
}
