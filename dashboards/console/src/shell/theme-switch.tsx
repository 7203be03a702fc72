import { chooseTheme, theme, type Theme } from '../theme.ts';

const choices: readonly [Theme, string][] = [
  ['auto', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

export function ThemeSwitch() {
  return (
    <select
      class="theme-switch"
      aria-label="Colours"
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
