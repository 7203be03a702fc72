import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import { fieldRows } from './type-view.ts';

interface FieldTableProps {
  readonly caption: string;
  readonly definition: ObjectDefinition;
}

/** The fields of a stream, an event or of params, with units and limits. */
export function FieldTable({ caption, definition }: FieldTableProps) {
  const rows = fieldRows(definition);
  const choice = definition.anyOf?.map(({ required }) => required.join(' with ')).join(', or ');
  if (rows.length === 0) return <p class="quiet">{caption}: no fields.</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="table stacking">
        <caption>
          {caption}
          {choice === undefined ? '' : ` · at least ${choice}`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Type</th>
            <th scope="col">Unit</th>
            <th scope="col">Limits</th>
            <th scope="col">Required</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, title, kind, unit, limits, needed, tag }) => (
            <tr key={name}>
              <th scope="row">
                <code>{name}</code> <span class="quiet">{title}</span>
              </th>
              <td>
                {kind}
                {tag && ' (tag)'}
              </td>
              <td>{unit}</td>
              <td data-head="Limits">{limits}</td>
              <td data-head="Required">{needed ? 'yes' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
