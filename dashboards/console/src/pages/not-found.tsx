import { Empty } from '../components/states.tsx';

export function NotFound() {
  return (
    <Empty title="Page not found">
      <a href="/">Go to the fleet</a>
    </Empty>
  );
}
