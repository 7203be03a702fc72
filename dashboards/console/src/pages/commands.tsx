import { Tabs } from '../components/tabs.tsx';
import { CommandList } from '../commands/command-list.tsx';
import { GroupCommands } from '../commands/group-list.tsx';
import { Notices } from '../commands/notices.tsx';
import { StoredGroups } from '../commands/stored-groups.tsx';
import { ScheduleList } from '../commands/schedule-list.tsx';
import { query } from '../router.ts';
import { GroupTwins } from '../twins/group-twins.tsx';

const views = [
  ['', 'Devices'],
  ['groups', 'Groups'],
  ['stored', 'Stored groups'],
  ['settings', 'Settings'],
  ['schedules', 'Schedules'],
  ['notices', 'Notices'],
] as const;

/** Commands to single devices, commands to groups, and schedules. */
export function CommandsPage() {
  const view = query.value.get('view') ?? '';
  return (
    <>
      <header class="page-head">
        <h1>Commands</h1>
        <Tabs label="Kinds of commands" views={views} />
      </header>
      {view === 'groups' && <GroupCommands />}
      {view === 'schedules' && <ScheduleList />}
      {view === 'stored' && <StoredGroups />}
      {view === 'settings' && <GroupTwins />}
      {view === 'notices' && <Notices />}
      {(view === '' || views.every(([each]) => each !== view)) && <CommandList />}
    </>
  );
}
