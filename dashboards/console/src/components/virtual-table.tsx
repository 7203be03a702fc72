/** A table of any length of which only the rows in sight are in the document. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Slots } from './slots.ts';
import { usePlace } from './use-place.ts';

export interface Column<Row> {
  /** Also the class of its cells: `cell-KEY`. */
  key: string;
  head: ComponentChildren;
  cell: (row: Row) => ComponentChildren;
  /** Rows can be put in its order. */
  sortable?: boolean;
}

export interface VirtualTableProps<Row> {
  /** What the rows are, for screen readers. */
  label: string;
  name: string;
  /** The columns of the grid, and how wide a row is at least; undefined: the style sheet gives them to `.NAME .vrow`. */
  grid?: { template: string; minWidth: string } | undefined;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Changes whenever what the cells show of this row does; rows are changed in place. */
  rowStamp: (row: Row) => string;
  /** All rows are this high, px; the style sheet's row height must be the same. */
  rowHeight: number;
  sort?: { key: string; descending: boolean };
  onSort?: (key: string) => void;
}

/** Until it is known how high the list is: the first rows are to be seen soon. */
const firstCount = 20;
/** Rows kept ready above and below what is in sight. */
const spare = 12;
/**
 * And where the list is going while it is scrolled: the browser moves what is there before this page is asked for
 * more, so a busy machine at a fast wheel shows nothing where no row is ready. At rest they would only cost memory.
 */
const ahead = 40;
/** Scrolling counts as ended this long after the last turn of the wheel, ms. */
const restMs = 500;

interface Seen {
  first: number;
  count: number;
  going: 'nowhere' | 'up' | 'down';
}

export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, name, columns, rows, rowKey, rowStamp, rowHeight, grid, sort, onSort } = props;
  const columnStyle = grid && { gridTemplateColumns: grid.template, minWidth: grid.minWidth };
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Seen>({ first: 0, count: firstCount, going: 'nowhere' });
  const [focused, setFocused] = useState<string>();
  const [slots] = useState(() => new Slots());
  usePlace(name, scroller, rows.length);

  useLayoutEffect(() => {
    const { current } = scroller;
    if (current === null) return undefined;
    let resting: ReturnType<typeof setTimeout> | undefined;
    // To ask for it at each turn of the wheel would have the browser lay the page out once more each time.
    let inSight = firstCount;
    const look = (): void => {
      clearTimeout(resting);
      const first = Math.floor(current.scrollTop / rowHeight);
      const count = inSight;
      setSeen((old) => {
        if (old.first === first && old.count === count) return old;
        const going = old.first === first ? old.going : first < old.first ? 'up' : 'down';
        return { first, count, going };
      });
    };
    const rest = (): void => {
      clearTimeout(resting);
      resting = setTimeout(() => setSeen((old) => ({ ...old, going: 'nowhere' })), restMs);
    };
    const sizes = new ResizeObserver(([size]) => {
      inSight = Math.ceil((size?.contentRect.height ?? 0) / rowHeight) + 1;
      look();
    });
    sizes.observe(current);
    current.addEventListener('scroll', look, { passive: true });
    current.addEventListener('scrollend', rest);
    return () => {
      clearTimeout(resting);
      sizes.disconnect();
      current.removeEventListener('scroll', look);
      current.removeEventListener('scrollend', rest);
    };
  }, [rowHeight]);

  const { first, count, going } = seen;
  const from = Math.max(0, Math.min(first, rows.length - count) - (going === 'up' ? ahead : spare));
  const to = Math.min(rows.length, first + count + (going === 'down' ? ahead : spare));
  const shown = indexes(from, to);
  // The row with the focus stays in the document, wherever it was scrolled to.
  const focusedAt = focused === undefined ? -1 : rows.findIndex((row) => rowKey(row) === focused);
  if (focusedAt !== -1 && (focusedAt < from || focusedAt >= to)) shown.push(focusedAt);
  const places = slots.of(shown.flatMap((at) => rows.slice(at, at + 1).map(rowKey)));

  return (
    <div
      ref={scroller}
      class={`vtable ${name}`}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
    >
      <div role="rowgroup" class="vhead">
        <div role="row" class="vrow" aria-rowindex={1} style={columnStyle}>
          {columns.map((column) => (
            <Head key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" class="vbody" style={{ height: `${rows.length * rowHeight}px` }}>
        {shown.map((at, nth) => {
          const row = rows[at];
          return (
            row !== undefined && (
              <BodyRow
                key={places[nth]}
                row={row}
                stamp={rowStamp(row)}
                at={at}
                columns={columns}
                style={{ transform: `translateY(${at * rowHeight}px)`, ...columnStyle }}
                onFocus={(has) => setFocused(has ? rowKey(row) : undefined)}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

interface BodyRowProps<Row> {
  row: Row;
  stamp: string;
  at: number;
  columns: readonly Column<Row>[];
  style: Record<string, string>;
  onFocus: (has: boolean) => void;
}

/** Its cells are made anew only when they would show something else. */
function BodyRow<Row>({ row, stamp, at, columns, style, onFocus }: BodyRowProps<Row>) {
  const cells = useMemo(
    () =>
      columns.map(({ key, cell }) => (
        <div key={key} role="cell" class={`vcell cell-${classOf(key)}`}>
          {cell(row)}
        </div>
      )),
    [row, stamp, ...columns.map(({ cell }) => cell)],
  );
  return (
    <div
      role="row"
      class="vrow"
      aria-rowindex={at + 2}
      style={style}
      onFocusIn={() => onFocus(true)}
      onFocusOut={() => onFocus(false)}
    >
      {cells}
    </div>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  sort: VirtualTableProps<Row>['sort'];
  onSort: VirtualTableProps<Row>['onSort'];
}

function Head<Row>({ column, sort, onSort }: HeadProps<Row>) {
  const { key, head, sortable } = column;
  const ordered = sort?.key === key ? (sort.descending ? 'descending' : 'ascending') : undefined;
  return (
    <div role="columnheader" class={`vcell cell-${classOf(key)}`} aria-sort={ordered}>
      {sortable === true && onSort !== undefined ? (
        <button type="button" class="sort" onClick={() => onSort(key)}>
          {head}
          <span aria-hidden="true">{ordered === undefined ? '' : ordered === 'ascending' ? ' ↑' : ' ↓'}</span>
        </button>
      ) : (
        head
      )}
    </div>
  );
}

function indexes(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, at) => from + at);
}

/** Keys may be made of what devices send. */
function classOf(key: string): string {
  return key.replaceAll(/[^\w-]/g, '-');
}
