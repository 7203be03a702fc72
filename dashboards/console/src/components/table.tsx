import type { ComponentChildren } from 'preact';

interface TableProps {
  /** What the rows are, for screen readers. */
  label: string;
  heads: readonly string[];
  /** A further class of what scrolls. */
  name?: string;
  /** On a phone its cells stand below each other, each under its `data-head`. */
  stacking?: boolean;
  /** Changes of rows are read out. */
  live?: boolean;
  /** Its rows. */
  children: ComponentChildren;
}

/** A table that scrolls within itself where it is too wide or too long. */
export function Table({ label, heads, name = '', stacking = false, live = false, children }: TableProps) {
  return (
    <div class={`table-scroll ${name}`} tabIndex={0} role="group" aria-label={label}>
      <table class={stacking ? 'table stacking' : 'table'}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody aria-live={live ? 'polite' : undefined}>{children}</tbody>
      </table>
    </div>
  );
}
