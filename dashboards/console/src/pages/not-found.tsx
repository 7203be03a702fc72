import { Empty } from '../components/states.tsx';

export function NotFound() {
  return (
    <Empty title="There is no such page">
      <a href="/">Go to the fleet</a>
    </Empty>
  );
}
