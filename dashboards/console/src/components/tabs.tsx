import { path, query } from '../router.ts';

interface TabsProps {
  /** What they are, for screen readers. */
  label: string;
  /** The values of `view` in the address, with their words; the first one is the page without it. */
  views: readonly (readonly [view: string, word: string])[];
}

/** The views of a page: links, so that each has its address. */
export function Tabs({ label, views }: TabsProps) {
  const chosen = query.value.get('view') ?? '';
  const current = views.some(([view]) => view === chosen) ? chosen : views[0]?.[0];
  return (
    <nav aria-label={label}>
      <ul class="tabs">
        {views.map(([view, word]) => (
          <li key={view}>
            <a
              href={view === '' ? path.value : `${path.value}?view=${view}`}
              aria-current={view === current ? 'page' : undefined}
            >
              {word}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
