/**
 * Pieces of InfluxQL. Grammar: <https://docs.influxdata.com/influxdb/v1/query_language/spec/>: identifiers stand in
 * double quotes, texts in single ones, and in both a backslash escapes the quote, itself and the line feed.
 *
 * Grafana looks for its variables (`$name`, `${name}`, `[[name]]`) in the whole query and knows no way to write
 * them as text, so a name that looks like one is refused.
 */

/** A measurement, tag key or field key. @throws for a name that Grafana would fill in */
export function identifier(name: string): string {
  return quoted(name, '"');
}

/** A value to compare with. @throws for a text that Grafana would fill in */
export function literal(text: string): string {
  return quoted(text, "'");
}

function quoted(text: string, quote: '"' | "'"): string {
  if (/\$[\w{]|\[\[/.test(text)) {
    throw new Error(`${JSON.stringify(text)}: Grafana would take this for a variable`);
  }
  const escaped = text.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll('\n', '\\n');
  return `${quote}${escaped}${quote}`;
}

/** What a dashboard's variable of the same name lets through: one value, several, or all. */
export function chosen(...tags: readonly string[]): string {
  return tags.map((tag) => ` AND ${identifier(tag)} =~ /^\${${tag}:regex}$/`).join('');
}

/** The tag, or text field, is one of these. */
export function oneOf(tag: string, values: readonly string[]): string {
  return ` AND (${values.map((value) => `${identifier(tag)} = ${literal(value)}`).join(' OR ')})`;
}
