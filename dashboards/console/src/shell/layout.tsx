import type { ComponentChildren } from 'preact';
import { useOpenAlarms } from '../alarms/open-alarms.ts';
import { BrandMark } from '../components/brand-mark.tsx';
import { pages } from '../pages.ts';
import { paths } from '../paths.ts';
import { path } from '../router.ts';
import { Account } from './account.tsx';
import { LiveMark } from './live-mark.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

/** The frame around every page: the skip link, the navigation and the landmarks. */
export function Layout({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/">
          <BrandMark />
          Device hub
        </a>
        <nav class="nav" aria-label="Pages">
          <ul>{pages.map(({ path: at, nav }) => nav && <NavItem key={at} at={at} word={nav} />)}</ul>
        </nav>
        <div class="top-tools">
          <LiveMark />
          <ThemeSwitch />
          <Account />
        </div>
      </header>
      <main id="main" class="main" tabIndex={-1} aria-label={title}>
        {children}
      </main>
    </div>
  );
}

function NavItem({ at, word }: { at: string; word: string }) {
  const here =
    at === '/' ? path.value === '/' || path.value.startsWith('/devices') : path.value.startsWith(at);
  return (
    <li>
      <a href={at} aria-current={here ? 'page' : undefined}>
        {word}
        {at === paths.alarms && <OpenAlarms />}
      </a>
    </li>
  );
}

/** On every page: alarms that nobody has acknowledged. */
function OpenAlarms() {
  const count = useOpenAlarms();
  if (count === undefined || count === 0) return null;
  return (
    <>
      {' '}
      <span class="nav-count" title={`${count} that nobody has acknowledged`}>
        {count > 999 ? '999+' : count}
        <span class="visually-hidden"> that nobody has acknowledged</span>
      </span>
    </>
  );
}
