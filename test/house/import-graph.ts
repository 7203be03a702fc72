import { dirname, join } from 'node:path/posix';
import { Visitor, type StringLiteral, type Expression } from 'oxc-parser';
import { lineAt, type ParsedSource } from './parsed-source.ts';

/** One file takes something of another one, be it only a type. */
export interface ImportEdge {
  from: string;
  to: string;
  line: number;
}

/** Who takes from whom among the sources given. */
export function importsAmong(sources: readonly ParsedSource[]): ImportEdge[] {
  const known = new Set(sources.map(({ path }) => path));
  return sources.flatMap((source) =>
    specifiers(source)
      .filter(({ value }) => value.startsWith('.'))
      .map(({ value, start }) => ({
        from: source.path,
        to: join(dirname(source.path), value),
        line: lineAt(source, start),
      }))
      .filter(({ to }) => known.has(to)),
  );
}

interface Specifier {
  value: string;
  start: number;
}

function specifiers({ program }: ParsedSource): Specifier[] {
  const found: Specifier[] = [];
  const take = ({ source }: { source: StringLiteral | Expression | null }): void => {
    if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
    found.push({ value: source.value, start: source.start });
  };
  new Visitor({
    ImportDeclaration: take,
    ExportNamedDeclaration: take,
    ExportAllDeclaration: take,
    ImportExpression: take,
    TSImportType: take,
  }).visit(program);
  return found;
}
