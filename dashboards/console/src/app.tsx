import { useEffect } from 'preact/hooks';
import { Loading } from './components/states.tsx';
import { StatusRegion } from './components/status-region.tsx';
import { pageAt } from './pages.ts';
import { SignIn } from './pages/sign-in.tsx';
import { NotFound } from './pages/not-found.tsx';
import { path } from './router.ts';
import { session } from './session.ts';
import { Layout } from './shell/layout.tsx';
import { texts } from './texts/texts.ts';

/** Who has not signed in sees the sign-in at whatever address was asked, and then what is there. */
export function App() {
  const { value: current } = session;
  return (
    <>
      {current.kind === 'unknown' && <Loading what={texts.shell.theConsole} />}
      {current.kind === 'signed-out' && <SignIn why={current.why} />}
      {current.kind === 'signed-in' && <SignedIn />}
      <StatusRegion />
    </>
  );
}

function SignedIn() {
  const found = pageAt(path.value);
  const title = found?.page.title(found.params) ?? texts.shell.notFound;
  useEffect(() => {
    document.title = texts.shell.titleDeviceHub(title);
  }, [title]);
  const Content = found?.page.content;
  return (
    <Layout title={title}>
      {Content === undefined ? <NotFound /> : <Content key={path.value} params={found?.params ?? {}} />}
    </Layout>
  );
}
