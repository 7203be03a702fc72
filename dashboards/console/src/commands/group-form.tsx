import { useState } from 'preact/hooks';
import type { CommandDefinition, DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { messageOf } from '../api.ts';
import { checkCommand, newCommandDraft, type CommandDraft } from '../forms/command-draft.ts';
import { CommandFields } from '../forms/command-fields.tsx';
import { freshCommandKey, Unclear } from '../forms/command-form.tsx';
import { reasonWords } from '../forms/command-words.ts';
import { ConfirmStep } from '../forms/confirm-step.tsx';
import { FaultSummary } from '../forms/fault-summary.tsx';
import { advance, startSending, type SendingEvent } from '../forms/sending.ts';
import {
  previewGroup,
  sendGroup,
  type GroupDetails,
  type GroupPreview,
  type GroupToSend,
} from './command-calls.ts';
import { GroupTarget, PaceFields, readPace, type Pace } from './group-fields.tsx';
import { defaultWave, planWords } from './waves.ts';

interface GroupFormProps {
  readonly type: DeviceTypeDefinition;
  readonly name: string;
  readonly definition: CommandDefinition;
  /** Names of stored groups, to choose from. */
  readonly groups: readonly string[];
  /** @param shown the devices of the preview */
  readonly onSent: (rollout: GroupDetails, shown: readonly string[]) => void;
}

/** One command for many devices: filled in, previewed, sent in waves. */
export function GroupForm({ type, name, definition, groups, onSent }: GroupFormProps) {
  const [target, setTarget] = useState(`type=${type.name}`);
  const [draft, setDraft] = useState<CommandDraft>(() => newCommandDraft(definition));
  const [pace, setPace] = useState<Pace>({ wave: '', maxFailures: '0' });
  const [sending, setSending] = useState(() => startSending(freshCommandKey()));
  const [preview, setPreview] = useState<GroupPreview>();
  const tell = (event: SendingEvent): void => setSending((now) => advance(now, event));
  const checked = checkCommand(definition, draft);
  const paced = readPace(pace);
  const faults = [...targetFaults(target), ...checked.faults, ...paced.faults];
  const group: GroupToSend = {
    target: groups.includes(target) ? { group: target } : { to: target.trim() },
    name,
    params: checked.params,
    ttlMs: checked.ttlMs ?? 0,
    wave: paced.wave,
    maxFailures: paced.maxFailures,
    key: sending.key,
  };

  async function look(): Promise<void> {
    setPreview(undefined);
    try {
      setPreview(await previewGroup(group));
    } catch (error) {
      tell({ kind: 'submitted', faults: [], confirm: false });
      tell({ kind: 'refused', message: messageOf(error), faults: [] });
    }
  }

  async function send(shown: readonly string[]): Promise<void> {
    const outcome = await sendGroup(group);
    tell(outcome);
    if (outcome.kind !== 'unanswered') setPreview(undefined);
    if (outcome.kind !== 'answered') return;
    onSent(outcome.answer, shown);
    tell({ kind: 'anew', key: freshCommandKey() });
  }

  if (preview !== undefined && preview.refusal === undefined && sending.kind === 'confirming') {
    return (
      <ConfirmStep
        safety={definition.safety}
        target={target}
        title={`${definition.title ?? name}: ${preview.devices.length} devices`}
        params={checked.params}
        onConfirm={() => {
          tell({ kind: 'confirmed' });
          void send(preview.devices);
        }}
        onBack={() => tell({ kind: 'back' })}
      />
    );
  }
  if (sending.kind === 'unclear') {
    return (
      <Unclear
        message={sending.message}
        onAgain={() => {
          tell({ kind: 'again' });
          void send(preview?.devices ?? []);
        }}
        onAnew={() => tell({ kind: 'anew', key: freshCommandKey() })}
      />
    );
  }
  const editing = sending.kind === 'editing';
  const change = <Value,>(set: (value: Value) => void) => {
    return (value: Value): void => {
      // What was previewed is not what would be sent any more.
      setPreview(undefined);
      set(value);
    };
  };
  const shown = editing ? sending.faults : [];
  return (
    <form
      class="command-form"
      noValidate
      aria-label={`${definition.title ?? name} for a group`}
      onSubmit={(event) => {
        event.preventDefault();
        // Without faults it is only looked at: sending has a button of its own.
        if (faults.length > 0) tell({ kind: 'submitted', faults, confirm: true });
        else void look();
      }}
    >
      {editing && <FaultSummary faults={sending.faults} message={sending.message} />}
      <GroupTarget
        target={target}
        groups={groups}
        faults={shown}
        disabled={!editing}
        onChange={change(setTarget)}
      />
      <CommandFields
        definition={definition}
        draft={draft}
        faults={shown}
        disabled={!editing}
        onChange={change(setDraft)}
      />
      <PaceFields pace={pace} faults={shown} disabled={!editing} onChange={change(setPace)} />
      <div class="actions">
        <button type="submit" class="button" disabled={!editing}>
          Show which devices
        </button>
      </div>
      {preview !== undefined && (
        <Preview
          preview={preview}
          wave={paced.wave ?? defaultWave(preview.devices.length)}
          maxFailures={paced.maxFailures}
          onSend={editing ? () => tell({ kind: 'submitted', faults, confirm: true }) : undefined}
        />
      )}
    </form>
  );
}

interface PreviewProps {
  readonly preview: GroupPreview;
  readonly wave: number;
  readonly maxFailures: number;
  readonly onSend: (() => void) | undefined;
}

const mostNamed = 500;

/** Which devices it would go to now, and in what order. */
function Preview({ preview: { devices, refusal }, wave, maxFailures, onSend }: PreviewProps) {
  if (refusal !== undefined) {
    return (
      <div class="fault-summary" role="alert">
        <p>{reasonWords(refusal.reason)} Nothing would be sent.</p>
        {(refusal.errors ?? []).map((error) => (
          <p key={error.path}>
            <code>{error.path}</code> must be {error.expected}; it is {error.got}.
          </p>
        ))}
      </div>
    );
  }
  return (
    <section class="preview" aria-label="Preview" role="status">
      <p>
        <strong>{planWords(devices.length, wave, maxFailures)}</strong>
      </p>
      <p class="quiet">The list is frozen when it is sent: devices that come later are not part of it.</p>
      <ol class="devices" tabIndex={0} aria-label="Devices in their order">
        {devices.slice(0, mostNamed).map((device, at) => (
          <li key={device} class={at % wave === 0 ? 'wave-start' : undefined}>
            {at % wave === 0 && <span class="wave-name">Wave {at / wave + 1}</span>}
            {device}
          </li>
        ))}
      </ol>
      {devices.length > mostNamed && <p class="quiet">and {devices.length - mostNamed} more</p>}
      <div class="actions">
        <button type="button" class="button primary" disabled={onSend === undefined} onClick={onSend}>
          Send to {devices.length} {devices.length === 1 ? 'device' : 'devices'} …
        </button>
      </div>
    </section>
  );
}

function targetFaults(target: string): FieldError[] {
  if (target.trim() !== '') return [];
  return [{ path: 'target', keyword: 'required', expected: 'present', got: 'nothing' }];
}
