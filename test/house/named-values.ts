import { Visitor, type Span } from 'oxc-parser';
import type { ParsedSource } from './parsed-source.ts';

interface NamedValue {
  name: string;
  start: number;
}

/** Each place where a value is named: no keys, no members, no types. */
export function namedValues({ program }: ParsedSource): NamedValue[] {
  const named: NamedValue[] = [];
  const types: Span[] = [];
  const others = new Set<number>();
  const type = (node: Span): void => {
    types.push(node);
  };
  const key = (node: { key: Span; computed: boolean }): void => {
    if (!node.computed) others.add(node.key.start);
  };
  new Visitor({
    Identifier: ({ name, start }) => {
      named.push({ name, start });
    },
    Property(node) {
      // In `{ name }` key and value stand at one place.
      if (!node.shorthand) key(node);
    },
    MethodDefinition: key,
    PropertyDefinition: key,
    MemberExpression({ property, computed }) {
      if (!computed) others.add(property.start);
    },
    TSTypeAnnotation: type,
    TSTypeAliasDeclaration: type,
    TSInterfaceDeclaration: type,
    TSTypeParameterDeclaration: type,
    TSTypeParameterInstantiation: type,
    TSAsExpression: ({ typeAnnotation }) => type(typeAnnotation),
    TSSatisfiesExpression: ({ typeAnnotation }) => type(typeAnnotation),
    TSClassImplements: type,
  }).visit(program);
  return named.filter(
    ({ start }) => !others.has(start) && !types.some((span) => span.start <= start && start < span.end),
  );
}
