/** What is measured inside the console's page; each function is sent to the browser, so it stands alone. */

/** As much of a browser's document as is looked at: nothing of it may be named in the rest of the project. */
interface Element {
  closest(selector: string): Element | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
  getBoundingClientRect(): { top: number; bottom: number };
  getAttribute(name: string): string | null;
}
interface Mutation {
  readonly type: string;
  readonly target: Element;
}
declare const document: Pick<Element, 'querySelector' | 'querySelectorAll'>;
declare const requestAnimationFrame: (draw: (now: number) => void) => void;
declare const MutationObserver: new (look: (records: readonly Mutation[]) => void) => {
  observe(target: unknown, what: object): void;
};

/** When a page had rows, ms since its navigation began, and how old what it shows is. */
export interface PageProbe {
  /** The frame after the first rows were in the document; undefined before. */
  rowsMs?: number;
  /** From the hub's time of a reading to the change of its row's time in the document, ms. */
  readingDelaysMs: number[];
  /** From the hub's time of a change of state to the change of its row, ms. */
  stateDelaysMs: number[];
}

/** To run before the page's own scripts: notes its first rows, and how late each change is shown. */
export function watchRows(): void {
  const probe: PageProbe = { readingDelaysMs: [], stateDelaysMs: [] };
  Object.assign(globalThis, { probe });
  const look = (records: readonly Mutation[]): void => {
    if (probe.rowsMs === undefined && document.querySelector('.vbody .vrow') !== null) {
      probe.rowsMs = 0;
      // The frame with the rows has been drawn when the next one begins.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          probe.rowsMs = performance.now();
        }),
      );
    }
    const now = Date.now();
    for (const { type, target } of records) {
      if (type !== 'attributes') continue;
      const delays =
        target.closest('.cell-data') !== null
          ? probe.readingDelaysMs
          : target.closest('.cell-since') !== null
            ? probe.stateDelaysMs
            : [];
      delays.push(now - Date.parse(target.getAttribute('datetime') ?? ''));
    }
  };
  new MutationObserver(look).observe(document, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['datetime'],
  });
}

/** What a scroll through the list showed. */
export interface ScrollProbe {
  frames: number;
  /** Frames in which some part of the list in sight had no row. */
  gaps: number;
  /** The largest part of the list's height in sight without a row, px. */
  gapPx: number;
  longestFrameMs: number;
  /** Different rows that were in sight in some frame. */
  rowsSeen: number;
  /** The highest number of a row that was in sight; the first is 1. */
  lastRow: number;
}

/** Looks at the list in every frame from now on; the result is kept in `globalThis.scrolled`. */
export function watchScroll(): void {
  const probe: ScrollProbe = { frames: 0, gaps: 0, gapPx: 0, longestFrameMs: 0, rowsSeen: 0, lastRow: 0 };
  const seen = new Set<number>();
  Object.assign(globalThis, { scrolled: probe });
  const table = document.querySelector('.fleet-table');
  let last = performance.now();
  const look = (now: number): void => {
    probe.frames += 1;
    probe.longestFrameMs = Math.max(probe.longestFrameMs, now - last);
    last = now;
    const frame = table?.getBoundingClientRect();
    const head = table?.querySelector('.vhead')?.getBoundingClientRect();
    const body = table?.querySelector('.vbody')?.getBoundingClientRect();
    if (frame !== undefined && head !== undefined && body !== undefined) {
      const bottom = Math.min(frame.bottom, body.bottom);
      let covered = Math.max(head.bottom, body.top);
      let missing = 0;
      const rows = [...document.querySelectorAll('.fleet-table .vbody .vrow')]
        .map((row) => ({ row, rect: row.getBoundingClientRect() }))
        .filter(({ rect }) => rect.bottom > covered && rect.top < bottom)
        .toSorted((a, b) => a.rect.top - b.rect.top);
      for (const { row, rect } of rows) {
        missing += Math.max(0, rect.top - covered);
        covered = Math.max(covered, rect.bottom);
        // The head is the row with the index 1.
        const number = Number(row.getAttribute('aria-rowindex')) - 1;
        seen.add(number);
        probe.lastRow = Math.max(probe.lastRow, number);
      }
      missing += Math.max(0, bottom - covered);
      // Frame borders and fractions of a pixel are no gap.
      if (missing > 3) probe.gaps += 1;
      probe.gapPx = Math.max(probe.gapPx, Math.round(missing));
      probe.rowsSeen = seen.size;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
