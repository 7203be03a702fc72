import { countWords } from '../../number-words.ts';

const rules = new Intl.PluralRules('en');

/** `1 line`, `2,000 lines` */
export function counted(count: number, nouns: { one: string; other: string }): string {
  return `${countWords(count)} ${rules.select(count) === 'one' ? nouns.one : nouns.other}`;
}

/** A number with separators; a text as it is. */
export function figure(value: string | number): string {
  return typeof value === 'number' ? countWords(value) : value;
}
