import { matchesGlob } from 'node:path';
import type { Fault } from './fault.ts';
import { isWiring, lineAt, type ParsedSource } from './parsed-source.ts';

const wayOut = 'shorten the code instead';

/** No comment in the wiring silences the linter. */
export function silencedLinter(sources: readonly ParsedSource[]): Fault[] {
  return sources
    .filter(({ path }) => isWiring(path))
    .flatMap((source) =>
      source.comments
        .filter(({ value }) => /^\s*(ox|es)lint-disable/.test(value))
        .map(({ start, value }) => ({
          path: source.path,
          line: lineAt(source, start),
          message: `silences the linter (${value.trim()}): ${wayOut}`,
        })),
    );
}

/** The part of the linter's configuration that is examined. */
export interface LinterOverride {
  files: readonly string[];
  rules: Readonly<Record<string, unknown>>;
}

/** No override of the linter's configuration switches a limit off for a file of the wiring. */
export function limitsSwitchedOff(
  paths: readonly string[],
  { path, overrides }: { path: string; overrides: readonly LinterOverride[] },
): Fault[] {
  const wiring = paths.filter(isWiring);
  return overrides.flatMap(({ files, rules }) => {
    const touched = wiring.find((each) => files.some((glob) => matchesGlob(each, glob)));
    if (touched === undefined) return [];
    return Object.entries(rules)
      .filter(([rule, setting]) => rule.startsWith('max-') && isOff(setting))
      .map(([rule]) => ({ path, line: 1, message: `switches ${rule} off for ${touched}: ${wayOut}` }));
  });
}

/** The setting alone, or with options behind it. */
function isOff(setting: unknown): boolean {
  const severity: unknown = Array.isArray(setting) ? setting[0] : setting;
  return severity === 'off' || severity === 'allow' || severity === 0;
}
