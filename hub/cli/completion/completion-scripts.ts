/** Scripts that complete the words of `device-hub`, one a shell. Nothing of the program runs when a key is pressed. */

import type { WordPlace, Word } from './command-words.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, (places: readonly WordPlace[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function completionScript(shell: Shell, places: readonly WordPlace[]): string {
  return scripts[shell](places);
}

function bashScript(places: readonly WordPlace[]): string {
  const words = places.map(
    ({ path, commands, options }) =>
      `    ${quoted(path)}) words=${quoted(spelled([...commands, ...options]))} ;;`,
  );
  const values = places.flatMap((place) =>
    [...place.values].map(
      ([option, choices]) =>
        `    ${quoted(`${place.path} ${option}`)}) words=${quoted(choices.join(' '))} ;;`,
    ),
  );
  return `# Completion of device-hub for bash: source it, or save it in /etc/bash_completion.d/device-hub.
_device_hub() {
  local path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
    ${caseOf(places)}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${words.join('\n')}
  esac
  case "$path \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _device_hub device-hub
`;
}

function zshScript(places: readonly WordPlace[]): string {
  const cases = places.map(
    ({ path, commands, options }) =>
      `    ${quoted(path)}) known=(${described([...commands, ...options])}) ;;`,
  );
  const values = places.flatMap((place) =>
    [...place.values].map(
      ([option, choices]) =>
        `    ${quoted(`${place.path} ${option}`)}) known=(${choices.map(quoted).join(' ')}) ;;`,
    ),
  );
  return `#compdef device-hub
# Completion of device-hub for zsh: save it as _device-hub in a folder of $fpath.
_device_hub() {
  local at='' word
  local -a known
  for word in \${words[2,CURRENT-1]}; do
    case "\${at:+$at }$word" in
    ${caseOf(places)}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at" in
${cases.join('\n')}
  esac
  case "$at \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  _describe device-hub known
  _files
}
compdef _device_hub device-hub
`;
}

function fishScript(places: readonly WordPlace[]): string {
  const lines = places.flatMap(({ path, commands, options, values }) => {
    const here = `complete -c device-hub -n ${quoted(`__device_hub_at ${quotedInside(path)}`)}`;
    return [
      ...commands.map(({ word, about }) => `${here} -a ${quoted(word)} -d ${quoted(about)}`),
      ...options.map(({ word, about }) => {
        const choices = values.get(word);
        const chosen = choices === undefined ? '' : ` -x -a ${quoted(choices.join(' '))}`;
        return `${here} -l ${quoted(word.slice(2))} -d ${quoted(about)}${chosen}`;
      }),
    ];
  });
  const paths = places.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `# Completion of device-hub for fish: save it as ~/.config/fish/completions/device-hub.fish.
function __device_hub_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$at $word")
    if contains -- $next ${paths.join(' ')}
      set at $next
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}
`;
}

/** As `_describe` of zsh reads them. */
function described(words: readonly Word[]): string {
  return words.map(({ word, about }) => quoted(`${word}:${about.replaceAll(':', '\\:')}`)).join(' ');
}

/** The pattern of a `case`: the names of every sub-command. */
function caseOf(places: readonly WordPlace[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path))
    .join(' | ');
}

function spelled(words: readonly Word[]): string {
  return words.map(({ word }) => word).join(' ');
}

/** As one word of a shell: fish escapes a quote inside single quotes in the same way as no shell else, so none is left. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}

/** Inside single quotes already. */
function quotedInside(text: string): string {
  return `"${text}"`;
}
