import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command } from 'commander';
import type { CliDeps } from '../../../hub/cli/cli-deps.ts';
import { commandLine } from '../../../hub/cli/commands/program.ts';
import { operations } from '../../../schemas/api/document/api.ts';
import { routesOfCommands } from '../../helpers/console-routes.ts';

/** What the API and the command line can do has a place in the console, or its README says why not. */

const consoleFolder = new URL('../../../dashboards/console/', import.meta.url);

/** Each route that the console asks; `${…}` in one stands for any word. */
const asked = globSync('src/**/*.{ts,tsx}', { cwd: consoleFolder })
  .map((path) => readFileSync(new URL(path, consoleFolder), 'utf8'))
  .flatMap((text) => [...text.matchAll(/['`]((?:GET|POST|PUT|PATCH|DELETE) \/[^'`\n]*)['`]/g)])
  .map(([, route = '']) => {
    const parts = route.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[{}./]/g, '\\$&'));
    return new RegExp(`^${parts.join('[a-z-]+')}$`);
  });

/** What the table in the README names: `GET /livez`, `device tap`. */
const rows = readFileSync(new URL('README.md', consoleFolder), 'utf8')
  .replace(/^.*## What the console does not do/s, '')
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));
const left = rows.flatMap(([, names = '']) => [...names.matchAll(/`([^`]+)`/g)]).map(([, name = '']) => name);

const isAsked = (route: string): boolean => asked.some((pattern) => pattern.test(route));

test('every operation of the API is asked by the console, or the README says why not', () => {
  const routes = operations.map(({ method, path }) => `${method} ${path}`);
  const missing = routes.filter((route) => !isAsked(route) && !left.includes(route));
  assert.deepEqual(missing, []);
});

test('every command of the command line has its operations in the console, or the README says why not', () => {
  const names = leavesOf(commandLine({ out() {}, err() {} } as unknown as CliDeps, () => undefined));
  assert.deepEqual(
    Object.keys(routesOfCommands).toSorted(),
    names.toSorted(),
    'test/helpers/console-routes.ts',
  );
  const missing = names.filter(
    (name) => !left.includes(name) && !(routesOfCommands[name] ?? []).every((route) => isAsked(route)),
  );
  assert.deepEqual(missing, []);
  const idle = names.filter((name) => routesOfCommands[name]?.length === 0 && !left.includes(name));
  assert.deepEqual(
    idle,
    [],
    'they ask nothing of a hub, so the README must say why the console has no place for them',
  );
});

test('the README gives a reason for each that it names', () => {
  const unexplained = rows.filter(
    ([, names = '', why = '']) => names.includes('`') && !/\w+ \w+.*\.$/.test(why),
  );
  assert.deepEqual(unexplained, []);
});

test('the README names nothing that the console does, or that there is not', () => {
  const stale = left.filter((name) => {
    if (operations.some(({ method, path }) => `${method} ${path}` === name)) return isAsked(name);
    const needed = routesOfCommands[name];
    return needed === undefined || (needed.length > 0 && needed.every((route) => isAsked(route)));
  });
  assert.deepEqual(stale, []);
});

function leavesOf(command: Command, path: readonly string[] = []): string[] {
  const { commands } = command;
  if (commands.length === 0) return [path.join(' ')];
  return commands.flatMap((each) => leavesOf(each, [...path, each.name()]));
}
