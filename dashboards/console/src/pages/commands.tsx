import { CommandList } from '../commands/command-list.tsx';
import { GroupCommands } from '../commands/group-list.tsx';
import { ScheduleList } from '../commands/schedule-list.tsx';
import { query } from '../router.ts';

const views = [
  ['', 'Devices'],
  ['groups', 'Groups'],
  ['schedules', 'Schedules'],
] as const;

/** Commands to single devices, commands to groups, and schedules. */
export function CommandsPage() {
  const view = query.value.get('view') ?? '';
  return (
    <>
      <header class="page-head">
        <h1>Commands</h1>
        <nav aria-label="Kinds of commands">
          <ul class="tabs">
            {views.map(([key, word]) => (
              <li key={key}>
                <a
                  href={key === '' ? '/commands' : `/commands?view=${key}`}
                  aria-current={view === key ? 'page' : undefined}
                >
                  {word}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      {view === 'groups' && <GroupCommands />}
      {view === 'schedules' && <ScheduleList />}
      {view !== 'groups' && view !== 'schedules' && <CommandList />}
    </>
  );
}
