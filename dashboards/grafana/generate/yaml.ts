export type YamlValue =
  string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/**
 * Block style YAML 1.2, which Grafana's reader takes: two spaces a level, keys in the order given, texts in double
 * quotes as JSON writes them (YAML 1.2 §1.3: JSON is a subset) unless nothing in them can be read otherwise.
 * @param comment lines that stand before it, without the `#`
 */
export function toYaml(value: { readonly [key: string]: YamlValue }, comment: readonly string[]): string {
  return `${[...comment.map((line) => `# ${line}`), ...mapLines(value)].join('\n')}\n`;
}

function mapLines(map: { readonly [key: string]: YamlValue }): string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const name = /^[A-Za-z_]\w*$/.test(key) && !reserved.test(key) ? key : quoted(key);
    if (typeof value !== 'object') return [`${name}: ${scalar(value)}`];
    const lines = isList(value) ? listLines(value) : mapLines(value);
    if (lines.length === 0) return [`${name}: ${isList(value) ? '[]' : '{}'}`];
    return [`${name}:`, ...lines.map((line) => `  ${line}`)];
  });
}

function listLines(list: readonly YamlValue[]): string[] {
  return list.flatMap((item) => {
    if (typeof item !== 'object') return [`- ${scalar(item)}`];
    const lines = isList(item) ? listLines(item) : mapLines(item);
    if (lines.length === 0) return [`- ${isList(item) ? '[]' : '{}'}`];
    return lines.map((line, index) => `${index === 0 ? '- ' : '  '}${line}`);
  });
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}

/** Words that YAML 1.1 or 1.2 reads as something else than text. */
const reserved = /^(true|false|yes|no|on|off|y|n|null)$/i;

/** JSON leaves these as they are, YAML 1.1 (§5.1) does not take them. */
const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  const plain =
    /^[A-Za-z_$][A-Za-z0-9_$/.-]*( [A-Za-z0-9_$/.][A-Za-z0-9_$/.-]*)*$/.test(value) && !reserved.test(value);
  return plain ? value : quoted(value);
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(unprintable, escapeUnit);
}
