/** `webhook add | list | remove | test | dead | retry | purge`: in the running hub. */

import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { alarmSeverities, type AlarmSeverity } from '../../../schemas/api/alarms.ts';
import type { DeadDelivery, DeadDeliverySelection } from '../../../schemas/api/webhooks/dead-deliveries.ts';
import { maxDeadDeliveries } from '../../../schemas/api/webhooks/dead-deliveries.ts';
import type { WebhookView } from '../../../schemas/api/webhooks/webhooks.ts';
import { invalidInput, messageOf } from '../../kernel/errors.ts';
import { exposedSecret, readSecretFile } from '../../kernel/secret-file.ts';
import { parseId, parsePath } from '../arguments.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import type { ConfigOptions } from '../config-source.ts';
import { exitCodes } from '../exit-codes.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { table } from '../table.ts';

interface AddOptions extends ConfigOptions {
  name?: string;
  secretFile: string;
  severity?: AlarmSeverity;
  to?: string;
}

export function addWebhook(program: Command, deps: CliDeps): void {
  const webhook = program.command('webhook').description('other programs that are notified of alarms');
  webhook
    .command('add')
    .description('post each change of an alarm to this URL, signed')
    .argument('<url>')
    .requiredOption(
      '--secret-file <file>',
      'with the key of the signature, at least 16 characters',
      parsePath,
    )
    .option('--name <name>', 'letters, digits, _ and - (default: the host of the URL)', parseId)
    .addOption(new Option('--severity <severity>', 'only of this one').choices([...alarmSeverities]))
    .option('--to <selector>', 'only of these devices')
    .action(async (url: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<AddOptions>();
      const { severity, to, name = nameOf(url) } = options;
      const body = {
        name,
        url,
        secret: secretIn(options.secretFile, deps),
        ...(severity === undefined ? {} : { severity }),
        ...(to === undefined ? {} : { to }),
      };
      await ask(options, deps, 'POST /api/v1/webhooks', { body });
      deps.out(`${name}\n`);
    });
  webhook
    .command('list')
    .description('all webhooks, and what they have not taken')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const { webhooks } = await ask(options, deps, 'GET /api/v1/webhooks', {});
      if (options.json === true) deps.out(jsonLines(webhooks));
      else
        deps.out(
          table(['WEBHOOK', 'URL', 'SEVERITY', 'TO', 'WAITING', 'DEAD', 'LAST ERROR'], webhooks.map(row)),
        );
    });
  webhook
    .command('remove')
    .description('remove a webhook, with what it has not taken')
    .argument('<name>')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/webhooks/{name}', { params: { name } });
      deps.out(`${name} removed\n`);
    });
  webhook
    .command('test')
    .description('post a test, once')
    .argument('<name>')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions>();
      const { delivered, error } = await ask(options, deps, 'POST /api/v1/webhooks/{name}/test', {
        params: { name },
      });
      if (!delivered) self.error(`error: not delivered: ${error ?? ''}`, { exitCode: 1 });
      deps.out('delivered\n');
    });
  addDead(webhook, deps);
}

/** What a webhook did not take for a day. */
function addDead(webhook: Command, deps: CliDeps): void {
  webhook
    .command('dead')
    .description('what a webhook did not take for a day, the newest first')
    .argument('<name>')
    .option('--json', 'one JSON object per line')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const given = { params: { name }, query: { limit: maxDeadDeliveries } };
      const { deliveries } = await ask(options, deps, 'GET /api/v1/webhooks/{name}/dead', given);
      if (options.json === true) deps.out(jsonLines(deliveries));
      else
        deps.out(
          table(
            ['ID', 'ALARM AT', 'DEVICE', 'SOURCE', 'STATE', 'GIVEN UP', 'ERROR'],
            deliveries.map(deadRow),
          ),
        );
    });
  const deeds = [
    ['retry', 'post them again, for another day', 'to be posted again'],
    ['purge', 'delete them permanently', 'deleted'],
  ] as const;
  for (const [deed, description, done] of deeds) {
    webhook
      .command(deed)
      .description(`${description}: deliveries that a webhook did not take for a day`)
      .argument('<name>')
      .argument('[ids...]', 'ids from `webhook dead`')
      .option('--all', 'all of this webhook')
      .action(async (name: string, ids: string[], _options: unknown, self: Command) => {
        const options = self.optsWithGlobals<ConfigOptions & { all?: true }>();
        if ((options.all === true) === ids.length > 0)
          self.error('error: give exactly one of: ids, --all', { exitCode: exitCodes.usage });
        const body: DeadDeliverySelection = ids.length > 0 ? { ids } : { all: true };
        const route = `POST /api/v1/webhooks/{name}/dead/${deed}` as const;
        const { count } = await ask(options, deps, route, { params: { name }, body });
        deps.out(`${count} ${count === 1 ? 'delivery is' : 'deliveries are'} ${done}\n`);
      });
  }
}

/** @throws HubError `input-invalid` */
function secretIn(file: string, deps: CliDeps): string {
  const path = resolve(deps.cwd, file);
  try {
    const { text, exposed } = readSecretFile(path);
    if (exposed) deps.err(`warning: ${exposedSecret(path)}\n`);
    return text.trim();
  } catch (error) {
    const fault = {
      path: '/secret',
      keyword: 'file',
      expected: 'in a file that can be read',
      got: messageOf(error),
    };
    throw invalidInput(fault, '--secret-file');
  }
}

function nameOf(url: string): string {
  return URL.canParse(url)
    ? new URL(url).hostname.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 64)
    : 'webhook';
}

function deadRow({ id, timeMs, device, source, state, deadMs, error }: DeadDelivery): string[] {
  return [id, isoTime(timeMs), device ?? '(hub)', source, state, isoTime(deadMs), error];
}

function row({ name, url, severity, to, waiting, dead, lastError }: WebhookView): string[] {
  return [name, url, severity ?? 'all', to ?? 'all', String(waiting), String(dead), lastError ?? ''];
}
