import { useEffect } from 'preact/hooks';
import { Loading } from './components/states.tsx';
import { StatusRegion } from './components/status-region.tsx';
import { pageAt } from './pages.ts';
import { SignIn } from './pages/sign-in.tsx';
import { NotFound } from './pages/not-found.tsx';
import { path } from './router.ts';
import { session } from './session.ts';
import { Layout } from './shell/layout.tsx';

/** Who has not signed in sees the sign-in at whatever address was asked, and then what is there. */
export function App() {
  const { value: current } = session;
  return (
    <>
      {current.kind === 'unknown' && <Loading what="the console" />}
      {current.kind === 'signed-out' && <SignIn why={current.why} />}
      {current.kind === 'signed-in' && <SignedIn />}
      <StatusRegion />
    </>
  );
}

function SignedIn() {
  const found = pageAt(path.value);
  const title = found?.page.title(found.params) ?? 'Not found';
  useEffect(() => {
    document.title = `${title} · Device hub`;
  }, [title]);
  const Content = found?.page.content;
  return (
    <Layout title={title}>
      {Content === undefined ? <NotFound /> : <Content key={path.value} params={found?.params ?? {}} />}
    </Layout>
  );
}
