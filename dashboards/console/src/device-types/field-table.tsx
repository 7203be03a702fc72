import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import { texts } from '../texts/texts.ts';
import { fieldRows } from './type-view.ts';

interface FieldTableProps {
  readonly caption: string;
  readonly definition: ObjectDefinition;
}

/** The fields of a stream, an event or of params, with units and limits. */
export function FieldTable({ caption, definition }: FieldTableProps) {
  const rows = fieldRows(definition);
  const choice = definition.anyOf?.map(({ required }) => required.join(' with ')).join(', or ');
  if (rows.length === 0) return <p class="quiet">{texts.deviceTypes.captionNoFields(caption)}</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="table stacking">
        <caption>
          {caption}
          {choice === undefined ? '' : texts.deviceTypes.atLeastChoice(choice)}
        </caption>
        <thead>
          <tr>
            <th scope="col">{texts.deviceTypes.field}</th>
            <th scope="col">{texts.common.type}</th>
            <th scope="col">{texts.deviceTypes.unit}</th>
            <th scope="col">{texts.deviceTypes.limits}</th>
            <th scope="col">{texts.deviceTypes.required}</th>
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
                {tag && texts.deviceTypes.tag}
              </td>
              <td>{unit}</td>
              <td data-head={texts.deviceTypes.limits}>{limits}</td>
              <td data-head={texts.deviceTypes.required}>{needed ? texts.deviceTypes.yes : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
