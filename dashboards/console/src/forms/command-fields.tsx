import type { JSX } from 'preact';
import { emptyObject, type CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { checkCommand, ttlPath, type CommandDraft } from './command-draft.ts';
import { faultSentence } from './field-words.ts';
import { fieldId } from './field-props.ts';
import { ObjectFields } from './params-fields.tsx';
import { WhatHappens } from './what-happens.tsx';

interface CommandFieldsProps {
  readonly definition: CommandDefinition;
  readonly draft: CommandDraft;
  readonly faults: readonly FieldError[];
  /** Before every id of the form. */
  readonly prefix: string;
  readonly disabled: boolean;
  readonly onChange: (draft: CommandDraft) => void;
}

/** The params of a command, its time to live, and what sending it will do. */
export function CommandFields(props: CommandFieldsProps): JSX.Element {
  const { definition, draft, faults, prefix, disabled, onChange } = props;
  const params = definition.params ?? emptyObject;
  const { ttlMs } = checkCommand(definition, draft);
  const byPath = new Map(faults.map((fault) => [fault.path, fault]));
  const ttlFault = byPath.get(ttlPath);
  const id = fieldId(prefix, ttlPath);
  return (
    <>
      {Object.keys(params.properties ?? {}).length === 0 ? (
        <p class="muted">It takes no parameters.</p>
      ) : null}
      <ObjectFields
        name="params"
        definition={params}
        draft={draft.params}
        required
        path=""
        faults={byPath}
        prefix={prefix}
        disabled={disabled}
        onChange={(changed) => onChange({ ...draft, params: changed })}
      />
      <div class={ttlFault === undefined ? 'field' : 'field faulty'}>
        <label for={id}>Time to live</label>
        <input
          id={id}
          type="text"
          autocomplete="off"
          value={draft.ttl}
          disabled={disabled}
          aria-invalid={ttlFault !== undefined}
          aria-describedby={ttlFault === undefined ? `${id}-hint` : `${id}-hint ${id}-fault`}
          onInput={(event) => onChange({ ...draft, ttl: event.currentTarget.value })}
        />
        <p class="field-hint" id={`${id}-hint`}>
          A time such as 30 s, 5 min, 2 h or 1 d.
        </p>
        {ttlFault === undefined ? null : (
          <p class="field-fault" id={`${id}-fault`}>
            {faultSentence(ttlFault)}
          </p>
        )}
      </div>
      <WhatHappens definition={definition} ttlSec={ttlMs === undefined ? undefined : ttlMs / 1000} />
    </>
  );
}
