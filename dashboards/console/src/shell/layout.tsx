import type { ComponentChildren } from 'preact';
import { BrandMark } from '../components/brand-mark.tsx';
import { liveState } from '../live.ts';
import { pages } from '../pages.ts';
import { path } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { zoneWords } from '../time.ts';
import { Account } from './account.tsx';
import { Finder } from './finder.tsx';
import { LiveMark } from './live-mark.tsx';
import { marks } from './marks.tsx';
import { StaleNote } from './stale-note.tsx';
import { ThemeSwitch } from './theme-switch.tsx';

/** The frame around every page: the skip link, the navigation and the landmarks. */
export function Layout({ title, children }: { title: string; children: ComponentChildren }) {
  const { value: live } = liveState;
  return (
    <div class="shell">
      <a class="skip" href="#main">
        {texts.shell.skipToContent}
      </a>
      <header class="top">
        <a class="brand" href="/">
          <BrandMark />
          <span>{texts.shell.deviceHub}</span>
        </a>
        <nav class="nav" aria-label={texts.shell.pages}>
          <ul>{pages.map(({ path: at, nav }) => nav && <NavItem key={at} at={at} word={nav} />)}</ul>
        </nav>
        <div class="top-tools">
          <Finder />
          <LiveMark />
          <ThemeSwitch />
          <Account />
        </div>
      </header>
      <main
        id="main"
        class={live === 'reconnecting' ? 'main stale' : 'main'}
        tabIndex={-1}
        aria-label={title}
      >
        <StaleNote />
        {children}
      </main>
      <footer class="foot quiet">{texts.shell.timesAreIn(zoneWords(Date.now()))}</footer>
    </div>
  );
}

function NavItem({ at, word }: { at: string; word: string }) {
  const { value: here } = path;
  const isHere = at === '/' ? here === '/' : here === at || here.startsWith(`${at}/`);
  const Mark = marks[at];
  return (
    <li>
      <a href={at} aria-current={isHere ? 'page' : undefined}>
        {word}
        {Mark !== undefined && <Mark />}
      </a>
    </li>
  );
}
