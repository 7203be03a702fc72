import { emptyObject, type CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { Field } from '../components/field.tsx';
import { texts } from '../texts/texts.ts';
import { checkCommand, ttlPath, type CommandDraft } from './command-draft.ts';
import { faultSentence } from './field-words.ts';
import { ObjectFields } from './params-fields.tsx';
import { WhatHappens } from './what-happens.tsx';

interface CommandFieldsProps {
  readonly definition: CommandDefinition;
  readonly draft: CommandDraft;
  readonly faults: readonly FieldError[];
  readonly disabled: boolean;
  readonly onChange: (draft: CommandDraft) => void;
}

/** The params of a command, its time to live, and what sending it will do. */
export function CommandFields({ definition, draft, faults, disabled, onChange }: CommandFieldsProps) {
  const params = definition.params ?? emptyObject;
  const { ttlMs } = checkCommand(definition, draft);
  const byPath = new Map(faults.map((fault) => [fault.path, fault]));
  const ttlFault = byPath.get(ttlPath);
  return (
    <>
      {Object.keys(params.properties ?? {}).length === 0 && <p class="quiet">{texts.forms.noParameters}</p>}
      <ObjectFields
        name="params"
        definition={params}
        draft={draft.params}
        required
        path=""
        faults={byPath}
        disabled={disabled}
        onChange={(changed) => onChange({ ...draft, params: changed })}
      />
      <Field
        label={texts.forms.timeToLive}
        hint={texts.forms.durationExamples}
        fault={ttlFault === undefined ? undefined : faultSentence(ttlFault)}
      >
        {(control) => (
          <input
            {...control}
            name={ttlPath}
            type="text"
            autocomplete="off"
            value={draft.ttl}
            disabled={disabled}
            onInput={(event) => onChange({ ...draft, ttl: event.currentTarget.value })}
          />
        )}
      </Field>
      <WhatHappens definition={definition} ttlSec={ttlMs === undefined ? undefined : ttlMs / 1000} />
    </>
  );
}
