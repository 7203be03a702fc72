import { Visitor, type ArrowFunctionExpression, type Function } from 'oxc-parser';
import type { Fault } from './fault.ts';
import { isWiring, lineAt, lineCount, type ParsedSource } from './parsed-source.ts';

const maxHubLines = 250;
const maxWiringLines = 120;
const maxFunctionLines = 80;

/** `hub.ts` and each file of the wiring are read in one go. Blank lines and comments count. */
export function longWiring(sources: readonly ParsedSource[]): Fault[] {
  return sources
    .filter(({ path }) => isWiring(path))
    .flatMap((source) => [...longFile(source), ...longFunctions(source)]);
}

function longFile(source: ParsedSource): Fault[] {
  const { path } = source;
  const lines = lineCount(source);
  const max = path === 'hub/hub.ts' ? maxHubLines : maxWiringLines;
  const message = `has ${lines} lines, ${max} are allowed: move what joins one feature into a file of its own in hub/wiring`;
  return lines > max ? [{ path, line: max + 1, message }] : [];
}

function longFunctions(source: ParsedSource): Fault[] {
  const faults: Fault[] = [];
  const measure = ({ start, end }: Function | ArrowFunctionExpression): void => {
    const line = lineAt(source, start);
    const lines = lineAt(source, end) - line + 1;
    if (lines <= maxFunctionLines) return;
    const message = `begins a function of ${lines} lines, ${maxFunctionLines} are allowed: give each part of the start a function`;
    faults.push({ path: source.path, line, message });
  };
  new Visitor({
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  }).visit(source.program);
  return faults;
}
