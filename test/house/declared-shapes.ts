import { dirname, join } from 'node:path/posix';
import { Visitor, type ImportDeclaration, type TSInterfaceDeclaration, type TSSignature } from 'oxc-parser';
import type { Fault } from './fault.ts';
import { lineAt, type ParsedSource } from './parsed-source.ts';

/** With fewer members, two shapes may well be alike by chance. */
const fewest = 3;
/** A shape that lacks some members of a resource has at least so many of it, and this part of it. */
const fewestOfPart = 4;
const leastPart = 0.5;

/**
 * Types that have the members of a resource of the API, or some of them and nothing else, and so declare it again. What an
 * interface extends counts as its own.
 * @param resources members of each, by name
 */
export function restatedShapes(
  sources: readonly ParsedSource[],
  resources: ReadonlyMap<string, readonly string[]>,
): Fault[] {
  const declared = new Map(sources.map((source) => [source.path, interfacesOf(source)]));
  return sources.flatMap((source) => {
    const faults: Fault[] = [];
    const judge = (start: number, members: readonly string[] | undefined): void => {
      const copy = members && copyOf(members, resources);
      if (copy === undefined) return;
      faults.push({ path: source.path, line: lineAt(source, start), message: copy });
    };
    new Visitor({
      TSInterfaceDeclaration: (found) => judge(found.start, membersOf(found, source.path, declared)),
      TSTypeLiteral: ({ start, members }) => judge(start, namesOf(members)),
    }).visit(source.program);
    return faults;
  });
}

/** What to say of a shape; undefined when it is one of its own. */
function copyOf(
  members: readonly string[],
  resources: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  for (const [name, whole] of resources) {
    if (members.length < fewest || !members.every((member) => whole.includes(member))) continue;
    if (members.length === whole.length) return `declares ${name} of schemas/api again: take its type`;
    if (members.length < fewestOfPart || members.length < leastPart * whole.length) continue;
    return `declares ${members.length} of the ${whole.length} members of ${name} of schemas/api again: derive it by Pick or Omit`;
  }
  return undefined;
}

/** The interfaces of a file, and where it takes others from. */
interface Interfaces {
  own: Map<string, TSInterfaceDeclaration>;
  /** By their name here: the file, from the root of the project, and their name there. */
  imported: Map<string, { path: string; name: string }>;
}

function interfacesOf({ path, program }: ParsedSource): Interfaces {
  const own: Interfaces['own'] = new Map();
  const imported: Interfaces['imported'] = new Map();
  const take = ({ source, specifiers }: ImportDeclaration): void => {
    for (const each of specifiers) {
      if (each.type !== 'ImportSpecifier' || each.imported.type !== 'Identifier') continue;
      imported.set(each.local.name, { path: join(dirname(path), source.value), name: each.imported.name });
    }
  };
  new Visitor({
    TSInterfaceDeclaration: (found) => void own.set(found.id.name, found),
    ImportDeclaration: take,
  }).visit(program);
  return { own, imported };
}

/** All members of an interface; undefined when not all are known, or not all are properties. */
function membersOf(
  { body, extends: bases }: TSInterfaceDeclaration,
  path: string,
  declared: ReadonlyMap<string, Interfaces>,
): string[] | undefined {
  const lists = [
    namesOf(body.body),
    ...bases.map(({ expression }) => {
      if (expression.type !== 'Identifier') return undefined;
      const { name } = expression;
      const own = declared.get(path)?.own.get(name);
      if (own !== undefined) return membersOf(own, path, declared);
      const there = declared.get(path)?.imported.get(name);
      const base = there && declared.get(there.path)?.own.get(there.name);
      return base && membersOf(base, there.path, declared);
    }),
  ];
  return lists.every((list) => list !== undefined) ? [...new Set(lists.flat())] : undefined;
}

/** @returns undefined for a shape with a method or an index, which no answer has */
function namesOf(signatures: readonly TSSignature[]): string[] | undefined {
  const names = signatures.map((signature) => {
    if (signature.type !== 'TSPropertySignature') return undefined;
    const { key } = signature;
    if (key.type === 'Identifier') return key.name;
    return key.type === 'Literal' ? String(key.value) : undefined;
  });
  return names.every((name) => name !== undefined) ? names : undefined;
}
