/** The commands of a shell script as its words: enough of a shell for what stands in documents. */

/** `'…'`, `"…"`, `$(…)`, an escaped character, and what needs none of that. */
const wordParts = /'[^']*'|"(?:\\.|[^"\\])*"|\$\([^()]*\)|\\.|[^\s'"\\;|&<>()]+/suy;

/** Without comments. Commands inside `$(…)` stay part of the word; where output goes is left out. */
export function shellCommands(script: string): string[][] {
  const text = script.replaceAll('\\\n', ' ');
  const commands: string[][] = [];
  let words: string[] = [];
  let skipsNext = false;
  const end = (): void => {
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at);
    const comment = /^#[^\n]*/u.exec(rest);
    const redirection = /^\d?[<>]{1,2}(?:&\d)?/u.exec(rest);
    if (comment !== null) at += comment[0].length;
    else if (redirection !== null) {
      skipsNext = !redirection[0].includes('&');
      at += redirection[0].length;
    } else if (/^[\n;|&()]/u.test(rest)) {
      end();
      at += 1;
    } else if (/^\s/u.test(rest)) at += 1;
    else {
      const [word, next] = wordAt(text, at);
      if (!skipsNext) words.push(word);
      skipsNext = false;
      at = next;
    }
  }
  end();
  return commands;
}

function wordAt(text: string, from: number): [word: string, next: number] {
  let word = '';
  let at = from;
  for (;;) {
    wordParts.lastIndex = at;
    const part = wordParts.exec(text)?.[0];
    if (part === undefined) break;
    word += unquoted(part);
    at += part.length;
  }
  if (at === from) throw new Error(`cannot read the command at: ${text.slice(from, from + 60)}`);
  return [word, at];
}

function unquoted(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  if (part.startsWith('"')) return part.slice(1, -1).replaceAll(/\\(.)/gu, '$1');
  return part.startsWith('\\') ? part.slice(1) : part;
}
