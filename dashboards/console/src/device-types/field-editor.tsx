import { useState } from 'preact/hooks';
import type {
  ObjectDefinition,
  ScalarDefinition,
  ValueDefinition,
} from '../../../../schemas/device-type-definition.ts';
import { SelectField } from '../components/select-field.tsx';
import { TextField } from '../components/text-field.tsx';
import { texts } from '../texts/texts.ts';
import { AddNamed } from './add-named.tsx';
import { NumberInput } from './number-input.tsx';
import { ofKind, withField, withoutField, withRequired, withRule } from './type-draft.ts';
import { fieldRows } from './type-view.ts';

interface FieldsEditorProps {
  /** What they are of: `stream env`. */
  readonly what: string;
  /** JSON pointer of the definition. */
  readonly path: string;
  readonly definition: ObjectDefinition;
  readonly onChange: (definition: ObjectDefinition) => void;
}

/** The fields of a stream or an event: each opens to its rules. */
export function FieldsEditor({ what, path, definition, onChange }: FieldsEditorProps) {
  const { properties = {}, required = [] } = definition;
  return (
    <>
      <ul class="list-items" aria-label={texts.deviceTypes.fieldsOfWhat(what)}>
        {Object.entries(properties).map(([name, field]) => (
          <li key={name}>
            <FieldEditor
              name={name}
              path={`${path}/properties/${name}`}
              field={field}
              isRequired={required.includes(name)}
              onField={(changed) => onChange(withField(definition, name, changed))}
              onRequired={(isRequired) => onChange(withRequired(definition, name, isRequired))}
              onRemove={() => onChange(withoutField(definition, name))}
            />
          </li>
        ))}
      </ul>
      <AddNamed
        label={texts.deviceTypes.newFieldOf(what)}
        hint={texts.deviceTypes.lettersDigitsAndSuch}
        add={texts.deviceTypes.addFieldTo(what)}
        taken={properties}
        onAdd={(name) => onChange(withField(definition, name, { type: 'number' }))}
      />
    </>
  );
}

interface FieldEditorProps {
  readonly name: string;
  readonly path: string;
  readonly field: ValueDefinition;
  readonly isRequired: boolean;
  readonly onField: (field: ValueDefinition) => void;
  readonly onRequired: (isRequired: boolean) => void;
  readonly onRemove: () => void;
}

function FieldEditor({ name, path, field, isRequired, onField, onRequired, onRemove }: FieldEditorProps) {
  const [row] = fieldRows(field, name);
  const [isNew] = useState(Object.keys(field).length === 1);
  return (
    <details class="field-editor" open={isNew}>
      <summary>
        <code>{name}</code> {field.title}{' '}
        <span class="quiet">
          {[row?.kind, row?.unit, row?.limits, isRequired ? 'required' : ''].filter(Boolean).join(' · ')}
        </span>
      </summary>
      {field.type === 'object' || field.type === 'array' ? (
        <p class="quiet">{texts.deviceTypes.whatIsInsideIsEdited}</p>
      ) : (
        <ScalarRules path={path} field={field} onField={onField} />
      )}
      <div class="actions">
        <label class="check">
          <input
            type="checkbox"
            checked={isRequired}
            onChange={(event) => onRequired(event.currentTarget.checked)}
          />
          {texts.deviceTypes.required}
        </label>
        <button
          type="button"
          class="button small"
          aria-label={texts.deviceTypes.removeFieldName(name)}
          onClick={onRemove}
        >
          {texts.common.remove}
        </button>
      </div>
    </details>
  );
}

const kinds = [
  ['number', 'number'],
  ['integer', 'integer'],
  ['boolean', 'boolean'],
  ['string', 'text'],
] as const;

const numberRules = [
  ['minimum', texts.deviceTypes.minimum],
  ['maximum', texts.deviceTypes.maximum],
  ['x-low', texts.deviceTypes.alarmBelow],
  ['x-high', texts.deviceTypes.alarmAbove],
  ['x-delaySec', texts.deviceTypes.alarmAfterS],
  ['x-hysteresis', texts.deviceTypes.alarmOverAfterItComes],
  ['x-step', texts.deviceTypes.step],
] as const;

interface ScalarRulesProps {
  readonly path: string;
  readonly field: ScalarDefinition;
  readonly onField: (field: ScalarDefinition) => void;
}

function ScalarRules({ path, field, onField }: ScalarRulesProps) {
  const { type, title = '', unit = '', enum: words } = field;
  const isNumber = type === 'number' || type === 'integer';
  return (
    <div class="field-row">
      <SelectField
        label={texts.common.kind}
        name={`${path}/type`}
        value={type}
        onValue={(value) => {
          const kind = kinds.find(([each]) => each === value)?.[0];
          if (kind !== undefined) onField(ofKind(field, kind));
        }}
        choices={kinds}
      />
      <TextField
        label={texts.deviceTypes.title}
        name={`${path}/title`}
        maxLength={64}
        value={title}
        onValue={(value) => onField(withRule(field, 'title', value === '' ? undefined : value))}
      />
      {isNumber && (
        <TextField
          label={texts.deviceTypes.unitUcum}
          name={`${path}/unit`}
          maxLength={32}
          placeholder={texts.deviceTypes.unitExamples}
          value={unit}
          onValue={(value) => onField(withRule(field, 'unit', value === '' ? undefined : value))}
        />
      )}
      {isNumber &&
        numberRules.map(([rule, label]) => (
          <NumberInput
            key={rule}
            label={label}
            name={`${path}/${rule}`}
            value={field[rule]}
            onValue={(value) => onField(withRule(field, rule, value))}
          />
        ))}
      {type === 'string' && (
        <>
          <NumberInput
            label={texts.deviceTypes.longestCharacters}
            name={`${path}/maxLength`}
            value={field.maxLength}
            onValue={(value) => onField(withRule(field, 'maxLength', value))}
          />
          <TextField
            label={texts.deviceTypes.choicesByComma}
            name={`${path}/enum`}
            value={words?.join(', ') ?? ''}
            onValue={(value) => onField(withChoices(field, value))}
          />
        </>
      )}
    </div>
  );
}

/** A text with choices has no length of its own. */
function withChoices(field: ScalarDefinition, text: string): ScalarDefinition {
  const words = text.split(',').map((word) => word.trimStart());
  if (text === '') return withRule(withRule(field, 'enum', undefined), 'maxLength', 64);
  return withRule(withRule(field, 'enum', words), 'maxLength', undefined);
}
