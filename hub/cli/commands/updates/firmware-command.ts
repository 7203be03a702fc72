/** `firmware add | list | show | remove`: in the running hub. */

import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import {
  firmwareApi,
  type FirmwareView,
  type NewFirmwareLink,
} from '../../../../schemas/api/firmware/firmware.ts';
import { requestPath } from '../../../../schemas/api/requests/request-path.ts';
import { firmwareVersionPattern } from '../../../../schemas/limits.ts';
import { isoTime } from '../../../../schemas/iso-time.ts';
import { invalidInput, messageOf } from '../../../kernel/errors.ts';
import { withoutUndefined } from '../../../kernel/without-undefined.ts';
import { sendFile } from '../../admin-client.ts';
import { parsePath, parseWhole } from '../../arguments.ts';
import { ask, jsonLines, type ListOptions } from '../../ask-hub.ts';
import type { CliDeps } from '../../cli-deps.ts';
import { adminSocketPath, loadConfig, type ConfigOptions } from '../../config-source.ts';
import { exitCodes } from '../../exit-codes.ts';
import { table } from '../../table.ts';

type AddOptions = ListOptions & Pick<NewFirmwareLink, 'type' | 'version'> & Partial<NewFirmwareLink>;

const maxSize = 4_294_967_296;

export function addFirmware(program: Command, deps: CliDeps): void {
  const firmware = program.command('firmware').description('firmware that devices may be brought to');
  firmware
    .command('add')
    .description('keep a file as the firmware of a device type, or name where devices get it')
    .argument('[file]', 'the file; with --url it may be left out')
    .requiredOption('--type <type>', 'device type, such as env-sensor', parseTypeName)
    .requiredOption('--version <version>', 'as devices say it in their hello, such as 1.5.0', parseVersion)
    .option(
      '--signature <file>',
      "Ed25519 over the SHA-256, made with the owner's key; raw or base64",
      parsePath,
    )
    .option('--url <url>', 'devices get it there, and not from the hub')
    .option('--sha256 <hex>', 'of the file; with --url and without the file', parseSha256)
    .option('--size <bytes>', 'of the file; with --url and without the file', parseWhole(1, maxSize))
    .option('--json', 'JSON instead of text')
    .action(async (file: string | undefined, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<AddOptions>();
      const usage = (message: string): never =>
        self.error(`error: ${message}`, { exitCode: exitCodes.usage });
      const { url, sha256, size, type, version } = options;
      if (file === undefined && url === undefined) return usage('name a file, or give --url');
      if (file !== undefined && (sha256 !== undefined || size !== undefined))
        return usage('--sha256 and --size are those of the file, which is given');
      const what = file === undefined ? { sha256, size } : await describe(resolve(deps.cwd, file));
      if (what.sha256 === undefined || what.size === undefined)
        return usage('--url without the file needs --sha256 and --size');
      const known = {
        type,
        version,
        sha256: what.sha256,
        ...withoutUndefined({ signature: signatureIn(options, deps) }),
      };
      const added =
        url === undefined
          ? await upload(resolve(deps.cwd, file ?? ''), { ...known, size: what.size }, options, deps)
          : await ask(options, deps, 'POST /api/v1/firmware', { body: { ...known, size: what.size, url } });
      deps.out(options.json === true ? `${JSON.stringify(added)}\n` : textOf(added));
    });
  firmware
    .command('list')
    .description('all firmware, newest first')
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const { firmware: all } = await ask(options, deps, 'GET /api/v1/firmware', {});
      const head = ['TYPE', 'VERSION', 'BYTES', 'SIGNED', 'ADDED', 'BY', 'SHA-256', 'NOTE'];
      deps.out(options.json === true ? jsonLines(all) : table(head, all.map(row)));
    });
  firmware
    .command('show')
    .description('one firmware')
    .argument('<type>', 'device type', parseTypeName)
    .argument('<version>', '', parseVersion)
    .option('--json', 'JSON instead of text')
    .action(async (type: string, version: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const params = { type, version };
      const shown = await ask(options, deps, 'GET /api/v1/firmware/{type}/{version}', { params });
      deps.out(options.json === true ? `${JSON.stringify(shown)}\n` : textOf(shown));
    });
  firmware
    .command('remove')
    .description('remove a firmware that no rollout brings to devices')
    .argument('<type>', 'device type', parseTypeName)
    .argument('<version>', '', parseVersion)
    .action(async (type: string, version: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions>();
      await ask(options, deps, 'DELETE /api/v1/firmware/{type}/{version}', { params: { type, version } });
      deps.out(`${type} ${version} removed\n`);
    });
}

/** With a version too, as elsewhere: a firmware is for all of them. */
export function parseTypeName(text: string): string {
  const [, name] = /^([a-z][a-z0-9]*(?:-[a-z0-9]+)*)(?:@\d{1,4})?$/.exec(text) ?? [];
  if (name === undefined || name.length > 64)
    throw new InvalidArgumentError('It must be a device type, for example env-sensor.');
  return name;
}

export function parseVersion(text: string): string {
  if (!firmwareVersionPattern.test(text))
    throw new InvalidArgumentError('It must be 1 to 64 letters, digits and . _ + -, for example 1.5.0.');
  return text;
}

function parseSha256(text: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new InvalidArgumentError('It must be 64 hexadecimal digits.');
  return text.toLowerCase();
}

/** @throws HubError `input-invalid` */
async function describe(path: string): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    return { sha256: hash.digest('hex'), size: statSync(path).size };
  } catch (error) {
    throw unreadable('file', error);
  }
}

/** Raw, as `openssl pkeyutl` writes it, or as base64. @throws HubError `input-invalid` */
function signatureIn({ signature }: AddOptions, deps: CliDeps): string | undefined {
  if (signature === undefined) return undefined;
  try {
    const bytes = readFileSync(resolve(deps.cwd, signature));
    return bytes.length === 64 ? bytes.toString('base64') : bytes.toString('latin1').trim();
  } catch (error) {
    throw unreadable('--signature', error);
  }
}

function unreadable(place: string, error: unknown): Error {
  const expected = 'a file that can be read';
  return invalidInput({ path: `/${place}`, keyword: 'file', expected, got: messageOf(error) }, place);
}

async function upload(
  file: string,
  { type, version, size, ...query }: Pick<FirmwareView, 'type' | 'version' | 'size' | 'sha256' | 'signature'>,
  options: ConfigOptions,
  deps: CliDeps,
): Promise<FirmwareView> {
  const { config } = loadConfig(options, deps);
  const { path, bodyMedia: media } = firmwareApi.addFirmware;
  const answer = await sendFile(adminSocketPath(config), {
    path: requestPath(path, { params: { type, version }, query }),
    media,
    size,
    bytes: createReadStream(file),
  });
  // The answer of this operation.
  return answer as FirmwareView;
}

function row(view: FirmwareView): string[] {
  const { type, version, size, signed, addedMs, actor, sha256 } = view;
  return [type, version, String(size), signed ? 'yes' : 'no', isoTime(addedMs), actor, sha256, noteOf(view)];
}

function noteOf({ damaged, rollouts, url }: FirmwareView): string {
  const notes = [
    ...(damaged ? ['damaged: add it again'] : []),
    ...(url === undefined ? [] : [`at ${basename(url)}`]),
    ...(rollouts.length === 0 ? [] : [`in rollout ${rollouts.join(', ')}`]),
  ];
  return notes.join('; ');
}

function textOf(view: FirmwareView): string {
  const { type, version, size, sha256, signed, url, addedMs, actor } = view;
  const note = noteOf(view);
  return [
    `${type} ${version}, ${size} bytes, ${signed ? 'signed' : 'not signed'}`,
    `sha256 ${sha256}`,
    ...(url === undefined ? [] : [`at ${url}`]),
    `added ${isoTime(addedMs)} by ${actor}`,
    ...(note === '' ? [] : [note]),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
