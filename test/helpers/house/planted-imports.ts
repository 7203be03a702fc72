/** A file for the linter, and what it must say of it. */
export interface Planted {
  file: string;
  code: string;
  /** What the linter must say of the file; undefined for a legal one. */
  rule?: string;
  message?: RegExp;
}

export const imports = 'eslint(no-restricted-imports)';

/** A file that uses what it imports, so that nothing but the boundary is wrong with it. */
export function fault(file: string, from: string, message: RegExp): Planted {
  return {
    file,
    code: `import { value } from '${from}';\n\nexport const used = value;\n`,
    rule: imports,
    message,
  };
}

export function typeFault(file: string, from: string, message: RegExp): Planted {
  return {
    file,
    code: `import type { T } from '${from}';\n\nexport type Used = T;\n`,
    rule: imports,
    message,
  };
}

export function legal(file: string, ...froms: string[]): Planted {
  const lines = froms.map((from, at) => `import { value as value${at} } from '${from}';`);
  return {
    file,
    code: `${lines.join('\n')}\n\nexport const used = [${froms.map((_, at) => `value${at}`).join(', ')}];\n`,
  };
}

export function legalType(file: string, from: string): Planted {
  return { file, code: `import type { T } from '${from}';\n\nexport type Used = T;\n` };
}

/** The faults of a row that judges a single file: they lie in it together. */
export function oneFile(file: string, froms: readonly string[], messages: readonly RegExp[]): Planted[] {
  return messages.map((message) => ({ ...legal(file, ...froms), rule: imports, message }));
}
