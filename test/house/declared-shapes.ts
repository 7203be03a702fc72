import { Visitor, type TSSignature } from 'oxc-parser';
import type { Fault } from './fault.ts';
import { lineAt, type ParsedSource } from './parsed-source.ts';

/** With fewer members, two shapes may well be alike by chance. */
const fewest = 3;

/**
 * Types that have the members of a resource of the API, and so declare it again.
 * @param resources members of each, by name
 */
export function restatedShapes(
  sources: readonly ParsedSource[],
  resources: ReadonlyMap<string, readonly string[]>,
): Fault[] {
  const byMembers = new Map<string, string>();
  for (const [name, members] of resources) {
    if (members.length >= fewest) byMembers.set(keyOf(members), name);
  }
  return sources.flatMap((source) => {
    const faults: Fault[] = [];
    const judge = (start: number, signatures: readonly TSSignature[]): void => {
      const name = byMembers.get(keyOf(signatures.flatMap(memberName)));
      if (name === undefined) return;
      const message = `declares ${name} of schemas/api again: take its type`;
      faults.push({ path: source.path, line: lineAt(source, start), message });
    };
    new Visitor({
      TSInterfaceDeclaration: ({ start, body }) => judge(start, body.body),
      TSTypeLiteral: ({ start, members }) => judge(start, members),
    }).visit(source.program);
    return faults;
  });
}

function memberName(signature: TSSignature): string[] {
  if (signature.type !== 'TSPropertySignature') return [];
  const { key } = signature;
  if (key.type === 'Identifier') return [key.name];
  return key.type === 'Literal' ? [String(key.value)] : [];
}

function keyOf(members: readonly string[]): string {
  return members.toSorted().join(',');
}
