/** The measurement of the one-minute roll-ups of `measurement`. */
export function rollUpOf(measurement: string): string {
  return `${measurement}_1m`;
}
