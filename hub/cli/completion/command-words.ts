import type { Command, Option } from 'commander';

/** A word that may stand somewhere on the command line. */
export interface Word {
  word: string;
  about: string;
}

/** What may follow the names of a sub-command. */
export interface WordPlace {
  /** `device add`; empty: the program itself. */
  path: string;
  commands: readonly Word[];
  options: readonly Word[];
  /** Option → the values that it takes, where there are only some. */
  values: ReadonlyMap<string, readonly string[]>;
}

/** Every place of the command line, the program first. */
export function* placesOf(command: Command, above = ''): Generator<WordPlace> {
  const help: Word = { word: '--help', about: 'print what it does' };
  const shown = command.options.filter(({ hidden }) => !hidden);
  yield {
    path: above,
    commands: command.commands.map((each) => ({ word: each.name(), about: firstLine(each.description()) })),
    options: [...shown.flatMap(wordOf), help],
    values: new Map(
      shown.flatMap(({ long, argChoices }) =>
        long && argChoices !== undefined ? [[long, argChoices] as const] : [],
      ),
    ),
  };
  for (const each of command.commands) yield* placesOf(each, `${above} ${each.name()}`.trim());
}

function wordOf({ long, description }: Option): Word[] {
  return long ? [{ word: long, about: firstLine(description) }] : [];
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
