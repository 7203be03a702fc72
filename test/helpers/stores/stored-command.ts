import type { Command } from '../../../hub/commands/command.ts';

export function storedCommand(id: string, overrides: Partial<Command> = {}): Command {
  const times = { acceptedMs: 1, deadlineMs: 2, changedMs: 1 };
  const kind = { name: 'look', params: {}, safety: 'observe', offline: 'queue' } as const;
  return { device: 'd-1', id, ...kind, ...times, status: 'accepted', cancelRequested: false, ...overrides };
}
