import { Empty } from '../components/states.tsx';
import { texts } from '../texts/texts.ts';

export function NotFound() {
  return (
    <Empty title={texts.shell.pageNotFound}>
      <a href="/">{texts.shell.overview}</a>
    </Empty>
  );
}
