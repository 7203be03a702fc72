import {
  Visitor,
  type ArrowFunctionExpression,
  type BindingPattern,
  type Function,
  type Span,
} from 'oxc-parser';
import { boundNames } from './bound-names.ts';
import type { ParsedSource } from './parsed-source.ts';

/** A name that a file gives to something. */
export interface Binding {
  name: string;
  kind: 'let' | 'constant' | 'function' | 'parameter' | 'class';
  /** Where the name stands. */
  start: number;
  /** From here on it has its value. */
  madeAt: number;
  /** Where it may be used. */
  scope: Span;
}

/** What a name stands for at a place of the file; undefined for an import or a global. */
export type Lookup = (name: string, at: number) => Binding | undefined;

export function lookupOf({ program }: ParsedSource): Lookup {
  const scopes: Span[] = [program];
  const bindings: Binding[] = [];
  const bind = (kind: Binding['kind'], pattern: BindingPattern, madeAt: number, scope: Span): void => {
    for (const { name, start } of boundNames(pattern)) bindings.push({ name, kind, start, madeAt, scope });
  };
  const open = (node: Span): void => {
    scopes.push(node);
  };
  const openFunction = (node: Function | ArrowFunctionExpression): void => {
    const outer = innermost(scopes, node.start);
    if (node.type === 'FunctionDeclaration' && node.id !== null)
      bind('function', node.id, outer.start, outer);
    open(node);
    for (const parameter of node.params) {
      if (parameter.type === 'TSParameterProperty') continue;
      const pattern = parameter.type === 'RestElement' ? parameter.argument : parameter;
      bind('parameter', pattern, pattern.start, node);
    }
  };
  // Nodes come from the outside inwards, so the scope around each is known already.
  new Visitor({
    FunctionDeclaration: openFunction,
    FunctionExpression: openFunction,
    ArrowFunctionExpression: openFunction,
    BlockStatement: open,
    ForStatement: open,
    ForOfStatement: open,
    ForInStatement: open,
    SwitchStatement: open,
    CatchClause(node) {
      open(node);
      if (node.param !== null) bind('parameter', node.param, node.param.start, node);
    },
    ClassDeclaration(node) {
      if (node.id !== null) bind('class', node.id, node.start, innermost(scopes, node.start));
    },
    VariableDeclaration(node) {
      const kind = node.kind === 'let' || node.kind === 'var' ? 'let' : 'constant';
      for (const { id, end } of node.declarations) bind(kind, id, end, innermost(scopes, node.start));
    },
  }).visit(program);
  return (name, at) => {
    const visible = bindings.filter((binding) => binding.name === name && contains(binding.scope, at));
    return visible.reduce<Binding | undefined>(
      (inner, each) => (inner === undefined || width(each.scope) < width(inner.scope) ? each : inner),
      undefined,
    );
  };
}

function innermost(scopes: readonly Span[], at: number): Span {
  return scopes
    .filter((scope) => contains(scope, at))
    .reduce((inner, each) => (width(each) <= width(inner) ? each : inner));
}

function contains({ start, end }: Span, at: number): boolean {
  return start <= at && at < end;
}

function width({ start, end }: Span): number {
  return end - start;
}
