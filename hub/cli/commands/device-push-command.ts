/** `device push`: only the running hub can send a notice. */

import { InvalidArgumentError, type Command } from 'commander';
import { isoTime } from '../../../schemas/iso-time.ts';
import { messageOf } from '../../kernel/errors.ts';
import { ask, type ListOptions } from '../ask-hub.ts';
import { parseTimeMs } from '../arguments.ts';
import type { CliDeps } from '../cli-deps.ts';
import { parseJson } from '../json-value.ts';

interface PushOptions extends ListOptions {
  to: string;
  topic: string;
  data: unknown;
  at?: number;
}

export function addPush(device: Command, deps: CliDeps): void {
  device
    .command('push')
    .description('send a notice to the selected devices, now or at a set time')
    .requiredOption('--to <selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a')
    .requiredOption('--topic <topic>', 'topic of the notice, 1 to 128 characters')
    .requiredOption('--data <json>', 'any JSON value', parseNotice)
    .option(
      '--at <time>',
      'when to send it, in the next 366 days, e.g. 2026-12-24T06:00:00Z (default: now)',
      parseTimeMs,
    )
    .option('--json', 'one JSON object')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PushOptions>();
      const { to, topic, data, at } = options;
      const body = { to, topic, data, ...(at === undefined ? {} : { atMs: at }) };
      const notice = await ask(options, deps, 'POST /api/v1/notices', { body });
      const { report, id } = notice;
      if (options.json === true) deps.out(`${JSON.stringify(notice)}\n`);
      else if (report === undefined) deps.out(`notice ${id} is scheduled for ${isoTime(at ?? 0)}\n`);
      else {
        const { matched, sent, dropped, offline, tooLarge, silentHubs = [] } = report;
        const silent = silentHubs.length === 0 ? '' : `; no answer from ${silentHubs.join(', ')}`;
        deps.out(
          matched === 0
            ? `no device matches ${to}\n`
            : `${matched} ${matched === 1 ? 'device' : 'devices'}: sent to ${sent}, dropped (congested) ${dropped}, offline ${offline}, too large for ${tooLarge}${silent}\n`,
        );
      }
    });
}

function parseNotice(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw new InvalidArgumentError(messageOf(error));
    throw new InvalidArgumentError('It must be JSON, for example {"text":"hello"} or "hello".');
  }
}
