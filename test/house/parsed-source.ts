import { parseSync, type Comment, type Program } from 'oxc-parser';

/** A source file with its syntax tree. */
export interface ParsedSource {
  /** From the root of the project, with slashes. */
  path: string;
  text: string;
  program: Program;
  comments: readonly Comment[];
}

/** @throws Error naming the file when its syntax is wrong */
export function parseSource(path: string, text: string): ParsedSource {
  const { program, comments, errors } = parseSync(path, text);
  if (errors[0] !== undefined) throw new Error(`${path}: ${errors[0].message}`);
  return { path, text, program, comments };
}

/** @param offset as the parser counts: UTF-16 units from the start */
export function lineAt({ text }: ParsedSource, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

export function lineCount({ text }: ParsedSource): number {
  return text.trimEnd().split('\n').length;
}

/** `hub.ts` and the files that join the parts. */
export function isWiring(path: string): boolean {
  return path === 'hub/hub.ts' || path.startsWith('hub/wiring/');
}
