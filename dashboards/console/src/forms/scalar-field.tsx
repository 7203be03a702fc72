import type { ScalarDefinition } from '../../../../schemas/device-type-definition.ts';
import { Field, type ControlProps } from '../components/field.tsx';
import { texts } from '../texts/texts.ts';
import { unitSymbol } from '../../../../schemas/unit-symbol.ts';
import type { FieldProps } from './field-props.ts';
import { faultSentence, fieldHint, fieldTitle } from './field-words.ts';

/** Texts that may be longer than this get a field of several lines, characters. */
const oneLine = 120;

/** One value: a label with its unit, the control, what it accepts, and what is wrong with it. */
export function ScalarField(props: FieldProps<ScalarDefinition>) {
  const { name, definition, draft, required, path, faults } = props;
  if (draft.kind !== 'scalar') return null;
  const unit = definition.unit === undefined ? '' : ` (${unitSymbol(definition.unit)})`;
  const fault = faults.get(path);
  const hint = [definition.description, fieldHint(definition)].filter(Boolean).join(' · ');
  return (
    <Field
      label={`${fieldTitle(name, definition)}${unit}${required ? '' : texts.forms.optional}`}
      hint={hint === '' ? undefined : hint}
      fault={fault === undefined ? undefined : faultSentence(fault, definition.unit)}
    >
      {(control) => <Control {...props} control={control} text={draft.text} />}
    </Field>
  );
}

interface InputProps extends FieldProps<ScalarDefinition> {
  readonly control: ControlProps;
  readonly text: string;
}

function Control({ control, text, definition, required, disabled, path, onChange }: InputProps) {
  const shared = { ...control, name: path, value: text, disabled, 'aria-required': required };
  const change = (event: { currentTarget: { value: string } }): void =>
    onChange({ kind: 'scalar', text: event.currentTarget.value });
  const choices = choicesOf(definition);
  if (choices !== undefined) {
    return (
      <select {...shared} onChange={change}>
        <option value="">{required ? texts.forms.choose : texts.forms.notSet}</option>
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
  return (
    <input
      {...shared}
      type="text"
      autocomplete="off"
      spellcheck={false}
      inputMode={inputMode(definition)}
      onInput={change}
    />
  );
}

/** The keyboard of a phone; the one for digits has no minus sign. */
function inputMode({ type, minimum = -1 }: ScalarDefinition): 'text' | 'decimal' | 'numeric' {
  if (type === 'string' || minimum < 0) return 'text';
  return type === 'integer' ? 'numeric' : 'decimal';
}

/** Value and words of each choice; undefined where anything may be typed. */
function choicesOf({ type, enum: words, const: only }: ScalarDefinition): [string, string][] | undefined {
  if (type === 'boolean') {
    return [
      ['true', texts.forms.yes],
      ['false', texts.forms.no],
    ];
  }
  if (only !== undefined) return [[only, only]];
  return words?.map((word) => [word, word]);
}
