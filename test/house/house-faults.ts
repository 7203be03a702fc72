import type { Fault } from './fault.ts';
import { repeatedNames } from './file-names.ts';
import { fullFolders } from './folder-sizes.ts';
import { importCircles } from './import-circles.ts';
import { literalTexts } from './literal-texts.ts';
import type { ParsedSource } from './parsed-source.ts';
import { limitsSwitchedOff, silencedLinter, type LinterOverride } from './switched-off-limits.ts';
import { wiringOutOfOrder } from './wiring-order.ts';
import { wideTables, type Document } from './wide-tables.ts';
import { longWiring } from './wiring-sizes.ts';

/** What the rules of the house look at. */
export interface House {
  /** All files, from the root of the project, with slashes. */
  paths: readonly string[];
  /** The TypeScript files of `hub/`. */
  sources: readonly ParsedSource[];
  /** The TypeScript files of the console. */
  pages: readonly ParsedSource[];
  /** What people read: the Markdown files. */
  documents: readonly Document[];
  linter: { path: string; overrides: readonly LinterOverride[] };
}

/** Every place where the house breaks a rule that neither compiler nor linter knows. */
export function houseFaults({ paths, sources, pages, documents, linter }: House): Fault[] {
  return [
    ...repeatedNames(paths),
    ...fullFolders(paths),
    ...longWiring(sources),
    ...silencedLinter(sources),
    ...limitsSwitchedOff(paths, linter),
    ...wiringOutOfOrder(sources),
    ...importCircles(sources),
    ...wideTables(documents),
    ...literalTexts(pages),
  ];
}
