import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { TypeCheck, TypeDefinition, TypeRow } from '../../../../schemas/api/device-types.ts';
import type { DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { download } from '../components/export.tsx';
import { Field } from '../components/field.tsx';
import { Panel } from '../components/panel.tsx';
import { say } from '../components/status-region.tsx';
import { TextField } from '../components/text-field.tsx';
import { FaultSummary } from '../forms/fault-summary.tsx';
import { Refusal } from '../forms/refusal.tsx';
import { useRequest } from '../forms/use-request.ts';
import { goTo } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { AddNamed } from './add-named.tsx';
import { FieldsEditor } from './field-editor.tsx';
import { NumberInput } from './number-input.tsx';
import { draftOf, readDraft, withoutPart, withPart, type Part } from './type-draft.ts';
import { TypePreview } from './type-preview.tsx';

interface TypeEditorProps {
  readonly type: TypeDefinition;
  readonly rows: readonly TypeRow[];
  /** There are other types now. */
  readonly onPublished: () => void;
}

/** Changes a device type, or makes its next version: nothing is published before it was tried on the readings that came last. */
export function TypeEditor({ type, rows, onPublished }: TypeEditorProps) {
  const [draft, setDraft] = useState<DeviceTypeDefinition>(() => draftOf(type));
  const [check, setCheck] = useState<TypeCheck>();
  /** The fields keep what is typed, so they begin anew when all of it was replaced. */
  const [taken, setTaken] = useState(0);
  const request = useRequest();
  const id = `${draft.name}@${draft.version}`;
  const users = rows.find((row) => row.id === id)?.devices;
  const change = (next: DeviceTypeDefinition): void => {
    setDraft(next);
    setCheck(undefined);
  };
  const body = draft as unknown as Readonly<Record<string, unknown>>;
  const preview = (): void =>
    void request.run(() => ask('POST /api/v1/device-types/check', { body }), setCheck);
  const publish = (): void =>
    void request.run(
      () => ask('PUT /api/v1/device-types/{id}', { params: { id }, body }),
      () => {
        say('done', texts.deviceTypes.idIsPublished(id));
        onPublished();
        goTo(`/types?type=${encodeURIComponent(id)}`);
      },
    );
  return (
    <Panel
      title={texts.common.changeName(type.id)}
      aside={<VersionChoice draft={draft} rows={rows} onDraft={change} />}
    >
      <form
        class="command-form"
        noValidate
        aria-label={texts.common.changeName(type.id)}
        onSubmit={(event) => {
          event.preventDefault();
          preview();
        }}
      >
        <p>{users === undefined ? texts.deviceTypes.idIsNew(id) : usersWords(id, users)}</p>
        <Refusal error={request.error} />
        {check !== undefined && check.faults.length > 0 && (
          <FaultSummary
            faults={check.faults}
            definition={undefined}
            message={texts.deviceTypes.itCannotBePublishedYet}
          />
        )}
        <Fragment key={taken}>
          <General draft={draft} onDraft={change} />
          <Parts part="streams" word={texts.deviceTypes.partWords.streams} draft={draft} onDraft={change} />
          <Parts part="events" word={texts.deviceTypes.partWords.events} draft={draft} onDraft={change} />
        </Fragment>
        <AsJson
          draft={draft}
          onDraft={(next) => {
            change(next);
            setTaken(taken + 1);
          }}
        />
        <div class="actions">
          <button type="submit" class="button primary" disabled={request.busy}>
            {texts.deviceTypes.tryItOnTheLast}
          </button>
          <a class="button" href={`/types?type=${encodeURIComponent(type.id)}`}>
            {texts.common.cancel}
          </a>
        </div>
        {check !== undefined && check.faults.length === 0 && (
          <section class="what-happens" aria-label={texts.deviceTypes.whatItWouldDo} role="status">
            <TypePreview check={check} />
            {check.readOnly === undefined ? (
              <div class="actions">
                <button type="button" class="button danger" disabled={request.busy} onClick={publish}>
                  {texts.deviceTypes.publishId(id)}
                </button>
              </div>
            ) : (
              <ReadOnly why={check.readOnly} id={id} draft={draft} />
            )}
          </section>
        )}
      </form>
    </Panel>
  );
}

function usersWords(id: string, users: number): string {
  if (users === 0) return texts.deviceTypes.noDeviceIsOf(id);
  return texts.deviceTypes.ofConnectedOnesAreJudged(texts.counts.devices(users), id);
}

interface DraftProps {
  readonly draft: DeviceTypeDefinition;
  readonly onDraft: (draft: DeviceTypeDefinition) => void;
}

function VersionChoice({ draft, rows, onDraft }: DraftProps & Pick<TypeEditorProps, 'rows'>) {
  const versions = rows.flatMap(({ id }) => {
    const [name, version] = id.split('@');
    return name === draft.name ? [Number(version)] : [];
  });
  const next = Math.max(0, ...versions) + 1;
  if (draft.version === next) return <code>{`${draft.name}@${next}`}</code>;
  return (
    <button type="button" class="button small" onClick={() => onDraft({ ...draft, version: next })}>
      {texts.deviceTypes.makeItVersion(next)}
    </button>
  );
}

function General({ draft, onDraft }: DraftProps) {
  const { title = '', description = '', presence } = draft;
  return (
    <div class="field-row">
      <TextField
        label={texts.deviceTypes.titleOfTheType}
        name="/title"
        maxLength={64}
        value={title}
        onValue={(value) => onDraft({ ...draft, title: value })}
      />
      <TextField
        label={texts.deviceTypes.description}
        name="/description"
        maxLength={1_024}
        value={description}
        onValue={(value) => onDraft({ ...draft, description: value })}
      />
      <NumberInput
        label={texts.deviceTypes.heartbeatEveryS}
        name="/presence/heartbeatSec"
        required
        value={presence.heartbeatSec}
        onValue={(value = 0) => onDraft({ ...draft, presence: { ...presence, heartbeatSec: value } })}
      />
      <NumberInput
        label={texts.deviceTypes.offlineAfterFurtherSilence}
        name="/presence/graceSec"
        value={presence.graceSec}
        onValue={(value = 0) => onDraft({ ...draft, presence: { ...presence, graceSec: value } })}
      />
    </div>
  );
}

function Parts({ part, word, draft, onDraft }: DraftProps & { readonly part: Part; readonly word: string }) {
  const parts = draft[part] ?? {};
  return (
    <>
      {Object.entries(parts).map(([name, definition]) => (
        <fieldset key={name} class="field-group">
          <legend>
            {word} <code>{name}</code>
          </legend>
          <FieldsEditor
            what={`${word} ${name}`}
            path={`/${part}/${name}`}
            definition={definition}
            onChange={(changed) => onDraft(withPart(draft, part, name, changed))}
          />
          <div class="actions">
            <button
              type="button"
              class="button small"
              onClick={() => onDraft(withoutPart(draft, part, name))}
            >
              {texts.deviceTypes.removeWordName(word, name)}
            </button>
          </div>
        </fieldset>
      ))}
      <AddNamed
        label={texts.deviceTypes.newWord(word)}
        hint={texts.deviceTypes.allowedNames}
        add={texts.deviceTypes.addWord(word)}
        taken={parts}
        onAdd={(name) => onDraft(withPart(draft, part, name))}
      />
    </>
  );
}

/** All of it, for what the form has no fields for: commands, settings, what is inside objects. */
function AsJson({ draft, onDraft }: DraftProps) {
  const [text, setText] = useState<string>();
  const [fault, setFault] = useState<string>();
  const shown = text ?? JSON.stringify(draft, null, 2);
  const take = (): void => {
    try {
      onDraft(readDraft(shown));
      setText(undefined);
      setFault(undefined);
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details>
      <summary>{texts.deviceTypes.allOfItAsJson}</summary>
      <Field label={texts.deviceTypes.theDefinition} fault={fault}>
        {(control) => (
          <textarea
            {...control}
            class="code"
            rows={20}
            spellcheck={false}
            value={shown}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="actions">
        <button type="button" class="button" disabled={text === undefined} onClick={take}>
          {texts.deviceTypes.takeTheJson}
        </button>
      </div>
    </details>
  );
}

function ReadOnly({ why, id, draft }: { why: string; id: string; draft: DeviceTypeDefinition }) {
  const text = `${JSON.stringify(draft, null, 2)}\n`;
  const save = (): void => download(`${id}.json`, text, 'application/json');
  return (
    <>
      <p>{texts.deviceTypes.itCannotBePublishedHere(why)}</p>
      <div class="actions">
        <button type="button" class="button" onClick={save}>
          {texts.deviceTypes.saveIdJson(id)}
        </button>
      </div>
    </>
  );
}
