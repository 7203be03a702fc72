/** The address bar as signals: pages are paths, filters are the query. */
import { signal, type ReadonlySignal } from '@preact/signals';

const currentPath = signal(location.pathname);
const currentQuery = signal(new URLSearchParams(location.search));

export const path: ReadonlySignal<string> = currentPath;
export const query: ReadonlySignal<URLSearchParams> = currentQuery;

/** Follows the browser's back and forward, and links to pages of the console. Call it once. */
export function startRouter(): void {
  addEventListener('popstate', read);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || !isOurs(link, event)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

/** Goes to another page. @param to path and query, such as `/devices/d-1?range=1h` */
function navigate(to: string): void {
  history.pushState(null, '', to);
  read();
  scrollTo(0, 0);
  // A screen reader continues at the new page's heading, as after a real load.
  queueMicrotask(() => document.querySelector<HTMLElement>('#main')?.focus({ preventScroll: true }));
}

/** Sets or, with an empty text, removes parts of the query; the page stays, and so does its history entry. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const next = new URLSearchParams(currentQuery.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  history.replaceState(null, '', text === '' ? location.pathname : `${location.pathname}?${text}`);
  read();
}

function read(): void {
  currentPath.value = location.pathname;
  if (location.search.replace(/^\?/, '') !== currentQuery.value.toString()) {
    currentQuery.value = new URLSearchParams(location.search);
  }
}

/** A plain click on a link to another page of ours; new tabs, downloads and jumps are the browser's. */
function isOurs(link: HTMLAnchorElement, event: MouseEvent): boolean {
  return (
    !event.defaultPrevented &&
    event.button === 0 &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) &&
    link.origin === location.origin &&
    link.target === '' &&
    !link.hasAttribute('download') &&
    !link.getAttribute('href')?.startsWith('#') &&
    !link.pathname.startsWith('/api/')
  );
}
