import type { ComponentChildren } from 'preact';
import { pages } from '../pages.ts';
import { path } from '../router.ts';
import { Account } from './account.tsx';
import { LiveMark } from './live-mark.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

/** What stands around every page: the skip link, the navigation, and the landmarks. */
export function Layout({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href="/">
          <Mark />
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
      </a>
    </li>
  );
}

function Mark() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 16 8 9M16 16l8-7M16 16v9" />
      <circle cx="16" cy="16" r="4" />
      <circle cx="8" cy="9" r="2.5" />
      <circle cx="24" cy="9" r="2.5" />
      <circle cx="16" cy="25" r="2.5" />
    </svg>
  );
}
