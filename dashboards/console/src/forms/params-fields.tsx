import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type {
  ArrayDefinition,
  ObjectDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import { texts } from '../texts/texts.ts';
import type { FieldProps } from './field-props.ts';
import { faultSentence, fieldTitle } from './field-words.ts';
import { emptyDraft, isRequired } from './params-draft.ts';
import { ScalarField } from './scalar-field.tsx';

/** The fields of an object, one below the other: the whole form, or a part of it. */
export function ObjectFields(props: FieldProps<ObjectDefinition>) {
  const { definition, draft, path, onChange } = props;
  if (draft.kind !== 'object') return null;
  const { members } = draft;
  return (
    <>
      {Object.entries(definition.properties ?? {}).map(([name, member]) => (
        <AnyField
          {...props}
          key={name}
          name={name}
          definition={member}
          draft={members[name] ?? emptyDraft(member, false)}
          required={isRequired(definition, name)}
          path={`${path}/${name}`}
          onChange={(changed) => onChange({ ...draft, members: { ...members, [name]: changed } })}
        />
      ))}
    </>
  );
}

function AnyField(props: FieldProps<ValueDefinition>) {
  const { definition } = props;
  switch (definition.type) {
    case 'object':
      return <ObjectField {...props} definition={definition} />;
    case 'array':
      return <ArrayField {...props} definition={definition} />;
    case 'number':
    case 'integer':
    case 'boolean':
    case 'string':
  }
  return <ScalarField {...props} definition={definition} />;
}

function ObjectField(props: FieldProps<ObjectDefinition>) {
  const { draft } = props;
  if (draft.kind !== 'object') return null;
  return (
    <Group {...props} given={draft.given} onGiven={(given) => props.onChange({ ...draft, given })}>
      <ObjectFields {...props} />
    </Group>
  );
}

function ArrayField(props: FieldProps<ArrayDefinition>) {
  const { definition, draft, path, disabled, onChange } = props;
  if (draft.kind !== 'array') return null;
  const { items } = draft;
  const title = fieldTitle(props.name, definition);
  return (
    <Group {...props} given={draft.given} onGiven={(given) => onChange({ ...draft, given })}>
      <ol class="list-items">
        {items.map((item, index) => (
          // Items have no name of their own: their index is their key.
          <li key={index}>
            <AnyField
              {...props}
              name={`${props.name} ${index + 1}`}
              definition={definition.items}
              draft={item}
              required
              path={`${path}/${index}`}
              onChange={(changed) => onChange({ ...draft, items: items.with(index, changed) })}
            />
            <button
              type="button"
              class="button small"
              disabled={disabled || items.length <= (definition.minItems ?? 0)}
              onClick={() => onChange({ ...draft, items: items.toSpliced(index, 1) })}
            >
              {texts.forms.removeTitleIndex(title, index + 1)}
            </button>
          </li>
        ))}
      </ol>
      <button
        type="button"
        class="button small"
        disabled={disabled || items.length >= definition.maxItems}
        onClick={() => onChange({ ...draft, items: [...items, emptyDraft(definition.items, true)] })}
      >
        {texts.forms.addToTitle(title)}
      </button>
    </Group>
  );
}

interface GroupProps extends FieldProps<ValueDefinition> {
  readonly given: boolean;
  readonly onGiven: (given: boolean) => void;
  readonly children: ComponentChildren;
}

/** A frame around fields that belong together; an optional one has a check box. */
function Group({ name, definition, path, faults, required, disabled, given, onGiven, children }: GroupProps) {
  const id = useId();
  const fault = faults.get(path);
  const title = fieldTitle(name, definition);
  return (
    <fieldset
      name={path}
      tabIndex={-1}
      class="field-group"
      aria-describedby={fault === undefined ? undefined : `${id}-fault`}
    >
      <legend>{title}</legend>
      {definition.description !== undefined && <p class="hint">{definition.description}</p>}
      {!required && (
        <label class="check">
          <input
            type="checkbox"
            checked={given}
            disabled={disabled}
            onChange={(event) => onGiven(event.currentTarget.checked)}
          />
          {texts.forms.includeTitle(title)}
        </label>
      )}
      {fault !== undefined && (
        <p class="fault" id={`${id}-fault`}>
          {faultSentence(fault)}
        </p>
      )}
      {given && children}
    </fieldset>
  );
}
