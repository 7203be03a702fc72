/** `twin`: what devices should hold, and what they report to hold. Through the running hub. */

import { InvalidArgumentError, type Command } from 'commander';
import type { GroupTwinPreview, GroupTwinView } from '../../../schemas/api/twins/group-twins.ts';
import type { TwinPage, TwinQuery, TwinSummary, TwinView } from '../../../schemas/api/twins/twins.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { valueAt } from '../../../schemas/json-pointer.ts';
import { isJsonObject, type JsonObject } from '../../../schemas/twin/merge-patch.ts';
import { leavesOf } from '../../../schemas/twin/twin-leaves.ts';
import { twinStates, type TwinState } from '../../../schemas/twin/twin-states.ts';
import { parseId, parseSite, parseWhole } from '../arguments.ts';
import { ask, jsonLines, type ListOptions } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { parseObject, parseParam } from '../params.ts';
import { terminalText } from '../../../schemas/terminal-text.ts';
import { table } from '../table.ts';

interface TwinOptions extends ListOptions {
  set?: Record<string, unknown>;
  unset?: string[];
  patch?: Record<string, unknown>;
  ifRev?: number;
  wait?: true;
  to?: string;
  group?: string;
  id?: string;
  wave?: number;
  maxFailures?: number;
  settle?: number;
  dryRun?: true;
}

const pollMs = 500;

export function addTwin(program: Command, deps: CliDeps, done: (code: ExitCode) => void): void {
  const twin = program
    .command('twin')
    .description(
      'what devices should hold, and what they report; --set changes it for one device or, with --to, many',
    )
    .usage('[options] <device>  |  [options] --to <selector>  |  list  |  history <device>')
    .argument('[device]')
    .option('--set <setting=value>', 'a setting such as intervalSec=10 or offset.temperature=0.5', parseParam)
    .option('--unset <setting>', 'leave the setting to the device', addName)
    .option('--patch <json>', 'a JSON Merge Patch; null removes a setting', parseObject)
    .option(
      '--if-rev <n>',
      'only when desired still has this revision, as shown before',
      parseWhole(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--wait', 'wait until it is in sync; exit code 1 when it is refused')
    .option('--to <selector>', 'all, a device id, or conditions (AND) such as type=env-sensor,site=a')
    .option('--group <group>', 'the name of a stored selector')
    .option('--id <id>', 'your own id: the same request is done once', parseId)
    .option('--wave <n>', 'devices in one wave (default: a tenth of them)', parseWhole(1, 100_000))
    .option('--max-failures <n>', 'stop after more failures than this (default: 0)', parseWhole(0, 100_000))
    .option(
      '--settle <seconds>',
      'a connected device that has not answered by then has failed (default: 60)',
      parseWhole(1, 86_400),
    )
    .option('--dry-run', 'only list the devices that would be set')
    .option('--json', 'JSON instead of text')
    .action(async (device: string | undefined, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<TwinOptions>();
      const usage = (message: string): never =>
        self.error(`error: ${message}`, { exitCode: exitCodes.usage });
      const toMany = options.to !== undefined || options.group !== undefined;
      const patch = patchOf(options);
      if (toMany && device !== undefined) usage('name a device or give --to or --group, not both');
      if (options.to !== undefined && options.group !== undefined) usage('give --to or --group, not both');
      if (toMany && patch === undefined) usage('--to and --group need --set, --unset or --patch');
      if (options.ifRev !== undefined && (toMany || patch === undefined))
        usage('--if-rev goes with a change of one device');
      if (toMany) return setMany(patch ?? {}, options, deps, done);
      if (device === undefined) return usage('name a device, or list');
      return showOne(device, patch, options, deps, done);
    });
  addList(twin, deps);
  addHistory(twin, deps);
}

function addName(name: string, before: string[] | undefined): string[] {
  return [...(before ?? []), name];
}

/** `--patch`, then `--unset`, then `--set`; undefined: nothing is to be changed. */
function patchOf({ set, unset, patch }: TwinOptions): JsonObject | undefined {
  if (set === undefined && unset === undefined && patch === undefined) return undefined;
  const changes = [...(unset ?? []).map((name) => [name, null] as const), ...Object.entries(set ?? {})];
  return changes.reduce<JsonObject>(
    (whole, [name, value]) => withSetting(whole, name.split('.'), value),
    patch ?? {},
  );
}

/** `offset`, `temperature` → the patch with this setting. */
function withSetting(patch: JsonObject, [name = '', ...rest]: readonly string[], value: unknown): JsonObject {
  const inner = Object.hasOwn(patch, name) ? patch[name] : undefined;
  const member = rest.length === 0 ? value : withSetting(isJsonObject(inner) ? inner : {}, rest, value);
  return Object.fromEntries([...Object.entries(patch).filter(([other]) => other !== name), [name, member]]);
}

async function showOne(
  device: string,
  patch: JsonObject | undefined,
  options: TwinOptions,
  deps: CliDeps,
  done: (code: ExitCode) => void,
): Promise<void> {
  const params = { id: device };
  const ifMatch = options.ifRev === undefined ? undefined : `"${options.ifRev}"`;
  const show = (): Promise<TwinView> => ask(options, deps, 'GET /api/v1/devices/{id}/twin', { params });
  let twin =
    patch === undefined
      ? await show()
      : await ask(
          options,
          deps,
          'PATCH /api/v1/devices/{id}/twin/desired',
          { params, body: patch },
          { ifMatch },
        );
  while (options.wait === true && (twin.state === 'pending' || twin.state === 'waiting')) {
    await pause(deps);
    twin = await show();
  }
  deps.out(options.json === true ? `${JSON.stringify(twin)}\n` : textOf(twin));
  if (options.wait === true && twin.state === 'refused') done(exitCodes.fault);
}

function textOf({
  device,
  state,
  sinceMs,
  rev,
  dealtRev,
  desired,
  defaults,
  reported,
  errors,
  differs,
}: TwinView): string {
  const since = sinceMs === null ? '' : ` since ${isoTime(sinceMs)}`;
  const paths = [desired, reported, defaults].flatMap((part) => [...leavesOf(part)].map(({ path }) => path));
  const rows = [...new Set(paths)].toSorted().map((path) => {
    const wanted = valueAt(desired, path);
    const byDefault = valueAt(defaults, path);
    const wish =
      wanted === undefined && byDefault !== undefined ? `(${JSON.stringify(byDefault)})` : cell(wanted);
    return [
      differs.includes(path) ? '≠' : '',
      path.slice(1).replaceAll('/', '.'),
      wish,
      cell(valueAt(reported, path)),
    ];
  });
  const faults = errors.map(({ path, message }) => `${path === '' ? device : path}: ${message}\n`);
  const head = `${device} is ${state}${since}; desired has revision ${rev}, the device dealt with ${dealtRev}\n`;
  return `${head}${table(['', 'SETTING', 'DESIRED', 'REPORTED'], rows)}${terminalText(faults.join(''))}`;
}

function cell(value: unknown): string {
  return value === undefined ? '-' : JSON.stringify(value);
}

async function setMany(
  patch: JsonObject,
  options: TwinOptions,
  deps: CliDeps,
  done: (code: ExitCode) => void,
): Promise<void> {
  const { to, group, id, wave, maxFailures, settle: settleSec, dryRun, json } = options;
  const body = { patch, to, group, id, wave, maxFailures, settleSec, dryRun };
  // What is sent says which of the two answers comes.
  const answer = await ask(options, deps, 'POST /api/v1/group-twins', { body });
  if (dryRun === true) {
    const { devices } = answer as GroupTwinPreview;
    deps.out(
      json === true
        ? `${JSON.stringify(answer)}\n`
        : `${devices.map((device) => `${device}\n`).join('')}${devices.length} devices\n`,
    );
    return;
  }
  let view = answer as GroupTwinView;
  let shown = '';
  while (options.wait === true && !view.final) {
    const line = progress(view);
    if (line !== shown) deps.err(`${line}\n`);
    shown = line;
    await pause(deps);
    view = await ask(options, deps, 'GET /api/v1/group-twins/{id}', { params: { id: view.id } });
  }
  const rows = view.devices.map(({ device, status, reason = '' }) => [device, status, reason]);
  deps.out(
    json === true
      ? `${JSON.stringify(view)}\n`
      : `${table(['DEVICE', 'STATUS', 'REASON'], rows)}${progress(view)}\n`,
  );
  if (view.final && (view.status !== 'finished' || view.failed > 0)) done(exitCodes.fault);
}

function progress(view: GroupTwinView): string {
  const counts = ['targets', 'succeeded', 'failed', 'open', 'waiting', 'skipped'] as const;
  const reason = view.reason === undefined ? '' : ` (${view.reason})`;
  return `${view.id} ${view.status}${reason}: ${counts.map((name) => `${view[name]} ${name}`).join(', ')}`;
}

function pause({ clock }: CliDeps): Promise<void> {
  return new Promise((resolve) => {
    clock.after(pollMs, resolve);
  });
}

function addList(twin: Command, deps: CliDeps): void {
  twin
    .command('list')
    .description('where the twins of the devices stand')
    .option('--state <state>', twinStates.join(', '), parseState)
    .option('--type <type>', 'with or without its version')
    .option('--site <site>', 'exactly', parseSite)
    .option('--json', 'one JSON object per line')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions & Pick<TwinQuery, 'state' | 'type' | 'site'>>();
      const { state, type, site } = options;
      const twins: TwinSummary[] = [];
      for (let after: string | null = ''; after !== null;) {
        const query = { after, limit: 10_000, state, type, site };
        const page: TwinPage = await ask(options, deps, 'GET /api/v1/twins', { query });
        twins.push(...page.twins);
        after = page.next;
      }
      const rows = twins.map(({ device, type: id, site: at, state: stands, sinceMs, rev }) => [
        device,
        id,
        at,
        stands,
        sinceMs === null ? '-' : isoTime(sinceMs),
        String(rev),
      ]);
      deps.out(
        options.json === true
          ? jsonLines(twins)
          : table(['DEVICE', 'TYPE', 'SITE', 'STATE', 'SINCE', 'REV'], rows),
      );
    });
}

function addHistory(twin: Command, deps: CliDeps): void {
  twin
    .command('history')
    .description('the last changes of what a device should hold, newest first')
    .argument('<device>')
    .option('--json', 'one JSON object per line')
    .action(async (device: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ListOptions>();
      const given = { params: { id: device }, query: {} };
      const { changes } = await ask(options, deps, 'GET /api/v1/devices/{id}/twin/history', given);
      const rows = changes.map(({ rev, timeMs, actor, origin, patch, dropped }) => [
        String(rev),
        isoTime(timeMs),
        actor,
        origin,
        dropped === undefined ? JSON.stringify(patch) : `no longer taken: ${dropped.join(' ')}`,
      ]);
      deps.out(
        options.json === true ? jsonLines(changes) : table(['REV', 'AT', 'BY', 'OVER', 'CHANGE'], rows),
      );
    });
}

function parseState(text: string): TwinState {
  const state = twinStates.find((each) => each === text);
  if (state === undefined) throw new InvalidArgumentError(`It must be one of ${twinStates.join(', ')}.`);
  return state;
}
