/** What Grafana would read from a provisioning file: block maps and lists, plain and double-quoted scalars. */
export type Yaml = string | number | boolean | Yaml[] | { [key: string]: Yaml };

interface Line {
  indent: number;
  text: string;
}

/** @throws with the line for whatever is not of that subset, among it keys given twice and bad indentation */
export function readBlockYaml(text: string): Yaml {
  const lines = text
    .split('\n')
    .filter((line) => !/^ *(#.*)?$/.test(line))
    .map((line) => ({ indent: line.search(/\S/), text: line.trim() }));
  const value = readBlock(lines, 0);
  if (lines.length > 0) throw new Error(`not reached: ${lines[0]?.text ?? ''}`);
  return value;
}

function readBlock(lines: Line[], indent: number): Yaml {
  return lines[0]?.text.startsWith('- ') === true ? readList(lines, indent) : readMap(lines, indent);
}

function readList(lines: Line[], indent: number): Yaml[] {
  const list: Yaml[] = [];
  for (let line = lines[0]; line?.indent === indent && line.text.startsWith('- '); line = lines[0]) {
    const item = line.text.slice(2);
    if (isEntry(item) || item.startsWith('- ')) {
      // The dash is part of the indentation of what follows.
      lines[0] = { indent: indent + 2, text: item };
      list.push(readBlock(lines, indent + 2));
    } else {
      lines.shift();
      list.push(scalar(item));
    }
  }
  return list;
}

function readMap(lines: Line[], indent: number): { [key: string]: Yaml } {
  const map = new Map<string, Yaml>();
  for (let line = lines[0]; line?.indent === indent && !line.text.startsWith('- '); line = lines[0]) {
    const [, key = '', value] = entry.exec(line.text) ?? [];
    if (!isEntry(line.text)) throw new Error(`no entry: ${line.text}`);
    const name = key.startsWith('"') ? (JSON.parse(key) as string) : key;
    if (map.has(name)) throw new Error(`twice: ${name}`);
    lines.shift();
    if (value !== undefined) map.set(name, scalar(value));
    else if ((lines[0]?.indent ?? 0) === indent + 2) map.set(name, readBlock(lines, indent + 2));
    else throw new Error(`nothing in ${name}`);
  }
  return Object.fromEntries(map);
}

const entry = /^("(?:[^"\\]|\\.)*"|[A-Za-z_$][^\s:]*):(?: (.+))?$/;

function isEntry(text: string): boolean {
  return entry.test(text);
}

function scalar(text: string): Yaml {
  if (text.startsWith('"')) return JSON.parse(text) as string;
  if (text === '[]') return [];
  if (text === '{}') return {};
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^-?\d/.test(text)) return JSON.parse(text) as number;
  // YAML 1.1 reads these as other things, and Grafana's reader is of 1.1.
  if (/^(yes|no|on|off|y|n|null|~)$/i.test(text) || /: | #|^[-?:,[\]{}#&*!|>'%@`]/.test(text)) {
    throw new Error(`no plain text: ${text}`);
  }
  return text;
}
