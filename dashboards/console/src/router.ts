/** The address bar as signals: pages are paths, filters are the query. What else belongs to a page is in its history entry. */
import { batch, signal, type ReadonlySignal } from '@preact/signals';

const currentPath = signal(location.pathname);
const currentQuery = signal(new URLSearchParams(location.search));
const currentVisit = signal(0);

export const path: ReadonlySignal<string> = currentPath;
export const query: ReadonlySignal<URLSearchParams> = currentQuery;
/** Another number for each entry of the history that is gone to, to the same page too. */
export const visit: ReadonlySignal<number> = currentVisit;

/** What a history entry keeps beside its address. It outlives a reload. */
interface Entry {
  /** How far each list of the page is scrolled, px, by its name. */
  readonly places: Readonly<Record<string, number>>;
  /** How the pages were left from which the way led here, by their section. */
  readonly left: Readonly<Record<string, { search: string; places: Entry['places'] }>>;
}

/** Parts of the query that go along from one page of a section to the next. */
const carried: Readonly<Record<string, readonly string[]>> = { '/devices': ['range', 'until'] };

function entry(): Entry {
  const kept = history.state as Partial<Entry> | null;
  return { places: kept?.places ?? {}, left: kept?.left ?? {} };
}

/** `/devices` for `/devices/d-1`. */
function sectionOf(at: string): string {
  return `/${at.split('/')[1] ?? ''}`;
}

/** How far the list of this name was scrolled when this entry of the history was left, px. */
export function placeOf(name: string): number {
  return entry().places[name] ?? 0;
}

/** Remembers it. Browsers limit how often the history may be changed: not for every turn of the wheel. */
export function keepPlace(name: string, top: number): void {
  const before = entry();
  history.replaceState({ ...before, places: { ...before.places, [name]: top } }, '');
}

/** The address of the page at this path with the filters that it was left with. For links with `data-back`. */
export function asLeft(to: string): string {
  return `${to}${entry().left[sectionOf(to)]?.search ?? ''}`;
}

/** Follows the browser's back and forward, and links to pages of the console. Call it once. */
export function startRouter(): void {
  addEventListener('popstate', arrive);
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || !isOurs(link, event)) return;
    event.preventDefault();
    navigate(link.pathname, link.search, link.dataset['back'] !== undefined);
  });
}

/** Goes to an address of the console, such as `/firmware?view=files`. */
export function goTo(address: string): void {
  const { pathname, search } = new URL(address, location.origin);
  navigate(pathname, search, false);
}

/** Goes to another page. @param back to where its lists were when it was left */
function navigate(to: string, search: string, back: boolean): void {
  const { places, left } = entry();
  const here = { search: location.search, places };
  const next: Entry = {
    places: (back ? left[sectionOf(to)]?.places : undefined) ?? {},
    left: { ...left, [sectionOf(location.pathname)]: here },
  };
  history.pushState(next, '', to + (search === '' ? carriedTo(sectionOf(to), next) : search));
  arrive();
  scrollTo(0, 0);
  // A screen reader continues at the new page's heading, as after a real load.
  queueMicrotask(() => document.querySelector<HTMLElement>('#main')?.focus({ preventScroll: true }));
}

/** What the last page of this section hands on, as a query. */
function carriedTo(section: string, { left }: Entry): string {
  const before = new URLSearchParams(left[section]?.search);
  const along = (carried[section] ?? []).flatMap((name) => {
    const value = before.get(name);
    return value === null ? [] : [[name, value]];
  });
  return along.length === 0 ? '' : `?${new URLSearchParams(along).toString()}`;
}

/** Sets or, with an empty text, removes parts of the query; the page stays, and so does its history entry. */
export function setQuery(changes: Readonly<Record<string, string>>): void {
  const next = new URLSearchParams(currentQuery.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  history.replaceState(history.state, '', text === '' ? location.pathname : `${location.pathname}?${text}`);
  read();
}

function arrive(): void {
  batch(() => {
    read();
    currentVisit.value += 1;
  });
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
    !/^\/(api|sign-in)\//.test(link.pathname)
  );
}
