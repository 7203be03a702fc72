/** One cell of a table of text. */
export type Cell = string | number | boolean | null;

/**
 * A row of the API with a column for each value: `labels.floor` for what is inside, lists of plain values in one cell.
 */
export function flatRow(row: object): Record<string, Cell> {
  const flat: Record<string, Cell> = {};
  fill(flat, '', row);
  return flat;
}

function fill(flat: Record<string, Cell>, prefix: string, value: object): void {
  for (const [key, each] of Object.entries(value) as [string, unknown][]) {
    const name = prefix + key;
    if (Array.isArray(each)) flat[name] = each.every(isCell) ? each.join(' ') : JSON.stringify(each);
    else if (typeof each === 'object' && each !== null) fill(flat, `${name}.`, each);
    else if (isCell(each)) flat[name] = each;
  }
}

function isCell(value: unknown): value is Cell {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
