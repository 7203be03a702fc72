import { Tabs } from '../components/tabs.tsx';
import { ArtifactList } from '../firmware/artifact-list.tsx';
import { NewRollout } from '../firmware/new-rollout.tsx';
import { RolloutList } from '../firmware/rollout-list.tsx';
import { RolloutProgress } from '../firmware/rollout-progress.tsx';
import { query } from '../router.ts';
import { maySend } from '../session.ts';
import { texts } from '../texts/texts.ts';

const views = [
  ['', texts.firmware.rollouts],
  ['files', texts.firmware.files],
] as const;

/** Firmware files, and rollouts that bring devices to them. */
export function FirmwarePage() {
  const view = query.value.get('view') ?? '';
  return (
    <>
      <header class="page-head">
        <h1>{texts.common.firmware}</h1>
        <Tabs label={texts.firmware.partsOfFirmware} views={views} />
      </header>
      {view === 'files' ? <ArtifactList /> : <Rollouts />}
    </>
  );
}

function Rollouts() {
  const id = query.value.get('id') ?? '';
  return (
    <div class={maySend('critical') ? 'columns' : undefined}>
      <div class="column">
        {id !== '' && <RolloutProgress key={id} id={id} />}
        <RolloutList chosen={id} />
      </div>
      {maySend('critical') && <NewRollout />}
    </div>
  );
}
