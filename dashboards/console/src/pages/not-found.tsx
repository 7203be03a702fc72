import { Empty } from '../components/states.tsx';

export function NotFound() {
  return (
    <Empty title="Page not found">
      <a href="/">Overview</a>
    </Empty>
  );
}
