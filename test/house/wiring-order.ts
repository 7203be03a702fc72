import { Visitor, type Span } from 'oxc-parser';
import { assignedTargets } from './bound-names.ts';
import type { Fault } from './fault.ts';
import { isWiring, lineAt, type ParsedSource } from './parsed-source.ts';
import { lookupOf } from './scopes.ts';
import { namedValues } from './named-values.ts';

/** The wiring reads from top to bottom: each value is made once, before it is used, and complete. */
export function wiringOutOfOrder(sources: readonly ParsedSource[]): Fault[] {
  return sources
    .filter(({ path }) => isWiring(path))
    .flatMap((source) => [...usedBeforeMade(source), ...changedLater(source)]);
}

/** Also inside a function that is called later: whoever reads it cannot know that yet. */
function usedBeforeMade(source: ParsedSource): Fault[] {
  const lookup = lookupOf(source);
  return namedValues(source).flatMap(({ name, start }) => {
    const binding = lookup(name, start);
    if (binding === undefined || binding.start === start || start >= binding.madeAt) return [];
    const made = lineAt(source, binding.start);
    const message = `uses ${name}, which is made in line ${made}: make it first, or give it to who needs it when both are there`;
    return [{ path: source.path, line: lineAt(source, start), message }];
  });
}

/** A `let` that is assigned, and a property that is set on something made before. */
function changedLater(source: ParsedSource): Fault[] {
  const faults: Fault[] = [];
  const report = ({ start }: Span, message: string): void => {
    faults.push({ path: source.path, line: lineAt(source, start), message });
  };
  const judge = (target: ReturnType<typeof assignedTargets>[number]): void => {
    if (target.type === 'Identifier') {
      report(target, `assigns ${target.name} later: make it once, as a constant, where its value is known`);
      return;
    }
    const written = source.text.slice(target.start, target.end);
    report(target, `sets ${written} after its part was made: hand it over when the part is made`);
  };
  new Visitor({
    AssignmentExpression: ({ left }) => assignedTargets(left).forEach(judge),
    UpdateExpression: ({ argument }) => assignedTargets(argument).forEach(judge),
    CallExpression({ callee, arguments: [first], start, end }) {
      const name = source.text.slice(callee.start, callee.end);
      if (!/^(Object\.(assign|definePropert(y|ies))|Reflect\.(set|defineProperty))$/.test(name)) return;
      if (first?.type === 'ObjectExpression') return;
      report(
        { start, end },
        `changes a part by ${name} after it was made: hand it over when the part is made`,
      );
    },
  }).visit(source.program);
  return faults;
}
