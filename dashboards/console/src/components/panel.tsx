import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface PanelProps {
  title: string;
  /** Beside the title: a count, a choice. */
  aside?: ComponentChildren;
  /** A further class. */
  name?: string;
  children: ComponentChildren;
}

/** A titled part of a page. */
export function Panel({ title, aside, name = '', children }: PanelProps) {
  const heading = useId();
  return (
    <section class={`panel ${name}`} aria-labelledby={heading}>
      <header class="panel-head">
        <h2 id={heading}>{title}</h2>
        {aside !== undefined && <div class="panel-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
