import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { Argument, Command, Option } from 'commander';
import fc from 'fast-check';
import { commandLine } from '../../../hub/cli/commands/program.ts';
import { exitCodes } from '../../../hub/cli/exit-codes.ts';
import { HubError } from '../../../hub/kernel/errors.ts';
import { terminalText } from '../../../schemas/terminal-text.ts';
import { dataFolder, runCommand, testDeps } from '../../helpers/cli.ts';
import { hostileNumber, hostileText, hostileTimes } from '../../helpers/fuzz/hostile-values.ts';

/** What a process can be given as an argument: UTF-8, without NUL. */
const hostileArgument = fc
  .oneof(
    { weight: 3, arbitrary: hostileText },
    hostileNumber.map(String),
    fc.constantFrom(...hostileTimes).map((ms) => `${ms}ms`),
    hostileText.map((text) => `key=${text}`),
    hostileText.map((text) => `${text}=1`),
    hostileText.map((text) => JSON.stringify({ key: text, [text]: 1 })),
    hostileText.map((text) => `"${text}`),
  )
  .map((text) => text.toWellFormed().replaceAll('\0', '\u0001'));

/** A sound value by the name of its argument or option; `1` is an id of anything. */
const sound: Readonly<Record<string, string>> = {
  type: 'env-sensor@1',
  role: 'viewer',
  language: 'c',
  data: '{}',
  'time-zone': 'UTC',
  labels: 'floor=1',
  shell: 'bash',
};

const soundOf = (name: string): string => sound[name] ?? '1';

/** What a sub-command needs besides what its options demand; `--check` keeps it from writing where it is told. */
const besides: Readonly<Record<string, readonly string[]>> = {
  'schedule add': ['--at=2030-01-01T00:00:00Z', '--command=close'],
  'alarm silence add': ['--for=1h'],
  'grafana generate': ['--check'],
  'rollout start': ['--to=all'],
};

/** A sub-command that does something, with the names that lead to it. */
interface Leaf {
  words: string[];
  command: Command;
}

function leavesOf(command: Command, words: string[] = []): Leaf[] {
  if (command.commands.length === 0) return [{ words, command }];
  return command.commands.flatMap((inner) => leavesOf(inner, [...words, inner.name()]));
}

/** A place of a command line that takes a text. */
type Place = { argument: Argument } | { option: Option };

/** The command line with the text in this place, and sound values in the others that it needs. */
function argsOf({ words, command }: Leaf, place: Place, text: string): string[] {
  const taken = 'option' in place ? place.option : undefined;
  const options = command.options.filter((option) => option.mandatory && option !== taken);
  const positions = command.registeredArguments.map((argument) =>
    'argument' in place && place.argument === argument ? text : soundOf(argument.name()),
  );
  return [
    ...words,
    ...(besides[words.join(' ')] ?? []).filter((given) => !given.startsWith(`${taken?.long}=`)),
    ...options.map((option) => `${option.long}=${soundOf(option.name())}`),
    ...(taken === undefined ? [] : [`${taken.long}=${text}`]),
    // What follows is no option, even when it begins with a dash.
    '--',
    ...positions,
  ];
}

/** As a refusal calls it. */
const nameOf = (place: Place): string =>
  'argument' in place ? `'${place.argument.name()}'` : (place.option.long ?? '');

/** A hub that listens in the data folder and refuses everything, in the words of who asked. */
async function refusingHub(t: TestContext, dataDir: string): Promise<{ asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      if (request.url === '/livez') return response.end('{}');
      asked += 1;
      response.statusCode = 404;
      const message = `${decodeURIComponent(request.url ?? '')} ${body}`;
      return response.end(JSON.stringify({ error: { code: 'device-unknown', message } }));
    });
  });
  server.listen(join(dataDir, 'hub.sock'));
  await once(server, 'listening');
  t.after(() => void server.close());
  return { asked: () => asked };
}

const refused = (): Promise<never> => Promise.reject(new HubError('data-dir-invalid'));

test('whatever the argument, a command line says which one is wrong, never crashes, and prints nothing that a terminal obeys', async (t) => {
  const dataDir = dataFolder(t);
  const hub = await refusingHub(t, dataDir);
  const program = commandLine(testDeps(dataDir), () => undefined);
  // `demo` starts a hub and devices of its own.
  const places = leavesOf(program)
    .filter(({ words }) => words[0] !== 'demo')
    .flatMap((leaf) => [
      ...leaf.command.registeredArguments.map((argument) => ({ leaf, place: { argument } })),
      ...[...program.options, ...leaf.command.options]
        .filter((option) => option.required)
        .map((option) => ({ leaf, place: { option } })),
    ]);
  const deps = {
    startHub: refused,
    openOfflineOperations: refused,
    backUp: refused,
    restore: refused,
    moveState: refused,
    importReadings: refused,
  };
  let wrong = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(places.length - 1), hostileArgument, async (at, given) => {
      const { leaf, place } = places[at] ?? assert.fail();
      const args = argsOf(leaf, place, given);
      const { code, out, err } = await runCommand(args, dataDir, deps);
      const run = JSON.stringify({ args, code, out, err });
      assert.ok(code === exitCodes.ok || code === exitCodes.fault || code === exitCodes.usage, run);
      assert.equal(terminalText(out + err), out + err, run);
      assert.ok(code === exitCodes.ok || out + err !== '', run);
      if (code !== exitCodes.usage) return;
      wrong += 1;
      assert.ok(err.includes(nameOf(place)), `${nameOf(place)} is not named: ${run}`);
    }),
    { numRuns: 300 },
  );
  // Both ways were taken: refused by the command line, and asked of the hub.
  assert.ok(wrong > 20 && hub.asked() > 20, `${wrong} refused, ${hub.asked()} asked`);
});
