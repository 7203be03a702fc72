import { ApiError, messageOf } from '../api.ts';
import { FaultSummary } from './fault-summary.tsx';

/** Why the hub refused what a form asked for, with each field that it blames; nothing when it did not. */
export function Refusal({ error }: { error: unknown }) {
  if (error === undefined) return null;
  const faults = error instanceof ApiError ? error.errors : [];
  return <FaultSummary faults={faults} definition={undefined} message={messageOf(error)} />;
}
