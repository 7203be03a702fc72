import { texts } from '../texts/texts.ts';
import { chooseTheme, theme, type Theme } from '../theme.ts';

const choices: readonly [Theme, string][] = [
  ['auto', texts.shell.system],
  ['light', texts.shell.light],
  ['dark', texts.shell.dark],
];

export function ThemeSwitch() {
  return (
    <select
      class="theme-switch"
      aria-label={texts.shell.colours}
      value={theme.value}
      onChange={({ currentTarget }) => chooseTheme(currentTarget.value as Theme)}
    >
      {choices.map(([value, word]) => (
        <option key={value} value={value}>
          {word}
        </option>
      ))}
    </select>
  );
}
