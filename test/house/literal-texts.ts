import { Visitor, type Expression, type JSXAttribute, type JSXExpression, type Span } from 'oxc-parser';
import type { Fault } from './fault.ts';
import { lineAt, type ParsedSource } from './parsed-source.ts';

const examined = /^dashboards\/console\/src\//;
/** The catalogue itself, and programs in other languages that people copy. */
const exempt = /^dashboards\/console\/src\/(texts\/|registration\/snippets\.ts$)/;

/** Attributes and properties of components that people see or hear. */
const shown =
  /^(label|title|aria-label|placeholder|hint|what|word|words|noun|none|message|action|alt|summary|data-head)$/;
/** Attributes that only programs read. */
const code = /^(class|d|href|id|key|name|pattern|role|src|style|type|viewBox)$/;

const hasLetters = /\p{L}/u;
/** Two words, a word beside a value, or one that begins as a sentence does. */
const readsAsText = /\p{L}\S* \S*\p{L}|\{\}[,;:]? \p{L}|\p{L}[,;:]? \{\}|^\p{Lu}\p{Ll}+[….:?!]?$/u;
/** What programs read, though it has a blank: requests, paths of pictures, media queries, sizes. */
const isCode =
  /^(GET|POST|PUT|PATCH|DELETE) \/|^(?=.*[\d{])[MLHVCSQTAZ\d .,{}-]+$|^\([a-z-]+: |^[\d.]+(px|rem) |^minmax\(/i;

/** Texts of the console that do not stand in its catalogue, where a translation would miss them. */
export function literalTexts(sources: readonly ParsedSource[]): Fault[] {
  return sources.filter(({ path }) => examined.test(path) && !exempt.test(path)).flatMap(textsOf);
}

function textsOf(source: ParsedSource): Fault[] {
  const found = new Map<number, string>();
  const aside: Span[] = [];
  const skip = (...spans: (Span | null)[]): void => {
    aside.push(...spans.filter((span) => span !== null));
  };
  const judge = ({ start, text }: Literal, looksLike: RegExp): void => {
    if (looksLike.test(text) && !isCode.test(text)) found.set(start, text);
  };
  const judgeShown = (expression: Expression | JSXExpression): void => {
    for (const literal of branches(expression)) judge(literal, hasLetters);
  };
  new Visitor({
    ImportDeclaration: ({ source: from }) => skip(from),
    ImportExpression: ({ source: from }) => skip(from),
    TSLiteralType: (node) => skip(node),
    SwitchCase: ({ test }) => skip(test),
    Property: ({ key }) => skip(key),
    BinaryExpression({ operator, left, right }) {
      if (operator !== '+') skip(left, right);
    },
    NewExpression({ callee, arguments: given }) {
      if (callee.type === 'Identifier' && callee.name === 'Error') skip(...given);
    },
    JSXElement({ openingElement, children }) {
      const isListing = openingElement.name.type === 'JSXIdentifier' && openingElement.name.name === 'code';
      for (const child of children) {
        if (child.type === 'JSXText' && !isListing) judge({ ...child, text: child.value }, hasLetters);
        if (child.type === 'JSXExpressionContainer') judgeShown(child.expression);
      }
    },
    JSXFragment({ children }) {
      for (const child of children) {
        if (child.type === 'JSXText') judge({ ...child, text: child.value }, hasLetters);
        if (child.type === 'JSXExpressionContainer') judgeShown(child.expression);
      }
    },
    JSXAttribute({ name, value }) {
      if (value === null) return;
      const called = attributeName(name);
      if (value.type === 'Literal') {
        skip(value);
        if (shown.test(called) && typeof value.value === 'string')
          judge({ ...value, text: value.value }, hasLetters);
      } else if (code.test(called)) skip(value);
      else if (shown.test(called) && value.type === 'JSXExpressionContainer') judgeShown(value.expression);
    },
    Literal({ value, start, end }) {
      if (typeof value !== 'string' || isAside({ start, end })) return;
      judge({ start, text: value }, readsAsText);
    },
    TemplateLiteral(node) {
      if (isAside(node)) return;
      const text = templateText(node.quasis);
      judge({ start: node.start, text }, readsAsText);
      if (text.includes(' '))
        for (const each of node.expressions.flatMap(branches)) judge(each, /^\p{Ll}+$/u);
    },
  }).visit(source.program);
  return [...found]
    .toSorted(([a], [b]) => a - b)
    .map(([start, text]) => ({
      path: source.path,
      line: lineAt(source, start),
      message: `shows "${text.trim().replaceAll(/\s+/g, ' ').slice(0, 60)}": put the text into src/texts, where a translation finds it`,
    }));

  function isAside({ start, end }: Span): boolean {
    return aside.some((span) => span.start <= start && end <= span.end);
  }
}

interface Literal {
  start: number;
  text: string;
}

/** The literals that may become the value of an expression. */
function branches(expression: Expression | JSXExpression): Literal[] {
  const { start, type } = expression;
  if (type === 'Literal')
    return typeof expression.value === 'string' ? [{ start, text: expression.value }] : [];
  if (type === 'TemplateLiteral') {
    const { quasis, expressions } = expression;
    return [{ start, text: templateText(quasis) }, ...expressions.flatMap(branches)];
  }
  if (type === 'ConditionalExpression')
    return [expression.consequent, expression.alternate].flatMap(branches);
  if (type === 'LogicalExpression') return [expression.left, expression.right].flatMap(branches);
  return [];
}

function templateText(quasis: readonly { value: { cooked: string | null } }[]): string {
  return quasis.map(({ value }) => value.cooked ?? '').join('{}');
}

function attributeName(name: JSXAttribute['name']): string {
  return name.type === 'JSXIdentifier' ? name.name : `${name.namespace.name}:${name.name.name}`;
}
