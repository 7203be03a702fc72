import { Tabs } from '../components/tabs.tsx';
import { CommandList } from '../commands/command-list.tsx';
import { GroupCommands } from '../commands/group-list.tsx';
import { Notices } from '../commands/notices.tsx';
import { StoredGroups } from '../commands/stored-groups.tsx';
import { ScheduleList } from '../commands/schedule-list.tsx';
import { query } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { GroupTwins } from '../twins/group-twins.tsx';

const views = [
  ['', texts.common.devices],
  ['groups', texts.commands.groups],
  ['stored', texts.commands.storedGroups],
  ['settings', texts.common.settings],
  ['schedules', texts.commands.schedules],
  ['notices', texts.commands.notices],
] as const;

/** Commands to single devices, commands to groups, and schedules. */
export function CommandsPage() {
  const view = query.value.get('view') ?? '';
  return (
    <>
      <header class="page-head">
        <h1>{texts.common.commands}</h1>
        <Tabs label={texts.commands.kindsOfCommands} views={views} />
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
