import type { JSX } from 'preact';
import type { ScalarDefinition } from '../../../../schemas/device-type-definition.ts';
import { unitSymbol } from '../unit-symbol.ts';
import { faultSentence, fieldHint, fieldTitle } from './field-words.ts';
import { fieldId, type FieldProps } from './field-props.ts';

/** Texts longer than this get a field of several lines. */
const oneLine = 120;

/** One value: a label with its unit, the input that fits, what it takes, and what is wrong with it. */
export function ScalarField(props: FieldProps<ScalarDefinition>): JSX.Element | null {
  const { name, definition, draft, required, path, faults, prefix } = props;
  if (draft.kind !== 'scalar') return null;
  const id = fieldId(prefix, path);
  const fault = faults.get(path);
  const hint = fieldHint(definition);
  const described = [
    hint === '' && definition.description === undefined ? '' : `${id}-hint`,
    fault ? `${id}-fault` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
  return (
    <div class={fault === undefined ? 'field' : 'field faulty'}>
      <label for={id}>
        {fieldTitle(name, definition)}
        {definition.unit === undefined ? null : <span class="unit"> in {unitSymbol(definition.unit)}</span>}
        {required ? null : <span class="optional"> (optional)</span>}
      </label>
      <Input {...props} id={id} text={draft.text} described={described} />
      {described.includes(`${id}-hint`) ? (
        <p class="field-hint" id={`${id}-hint`}>
          {[definition.description, hint].filter(Boolean).join(' · ')}
        </p>
      ) : null}
      {fault === undefined ? null : (
        <p class="field-fault" id={`${id}-fault`}>
          {faultSentence(fault, definition.unit)}
        </p>
      )}
    </div>
  );
}

interface InputProps extends FieldProps<ScalarDefinition> {
  readonly id: string;
  readonly text: string;
  readonly described: string;
}

function Input({
  id,
  text,
  described,
  definition,
  required,
  disabled,
  faults,
  path,
  onChange,
}: InputProps): JSX.Element {
  const shared = {
    id,
    name: path,
    value: text,
    disabled,
    'aria-required': required,
    'aria-invalid': faults.has(path),
    ...(described === '' ? {} : { 'aria-describedby': described }),
  };
  const change = (event: { currentTarget: { value: string } }): void =>
    onChange({ kind: 'scalar', text: event.currentTarget.value });
  const choices = choicesOf(definition);
  if (choices !== undefined) {
    return (
      <select {...shared} onChange={change}>
        <option value="">{required ? 'Choose…' : 'Left out'}</option>
        {choices.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    );
  }
  if (definition.type === 'string' && (definition.maxLength ?? 0) > oneLine) {
    return <textarea {...shared} rows={3} onInput={change} />;
  }
  const numeric = definition.type !== 'string';
  return (
    <input
      {...shared}
      type="text"
      autocomplete="off"
      spellcheck={false}
      inputMode={
        numeric
          ? definition.type === 'integer' && (definition.minimum ?? -1) >= 0
            ? 'numeric'
            : 'decimal'
          : 'text'
      }
      onInput={change}
    />
  );
}

/** Value and words of each choice; undefined where anything may be typed. */
function choicesOf({ type, enum: words, const: only }: ScalarDefinition): [string, string][] | undefined {
  if (type === 'boolean') {
    return [
      ['true', 'Yes'],
      ['false', 'No'],
    ];
  }
  if (only !== undefined) return [[only, only]];
  return words?.map((word) => [word, word]);
}
