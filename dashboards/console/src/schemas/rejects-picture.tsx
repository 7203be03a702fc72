import type { JSX } from 'preact';
import { countWords, shortCount } from '../number-words.ts';
import { gridOf, levelOf, type Reject } from './rejects.ts';

const mostShown = 12;

/** Refused readings of one device type by field and firmware: the darker, the more. A table, so that it can be read out. */
export function RejectsPicture({ rejects }: { readonly rejects: readonly Reject[] }): JSX.Element {
  const { fields, firmwares, cells, max } = gridOf(rejects, mostShown);
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label="Refused readings by field and firmware">
      <table class="heat">
        <caption>Refused readings by field and firmware</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            {firmwares.map((firmware) => (
              <th key={firmware} scope="col">
                {firmware === '' ? 'firmware not told' : firmware}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {fields.map(({ stream, field }, row) => (
            <tr key={`${stream} ${field}`}>
              <th scope="row">
                <code>{`${stream}${field}`}</code>
              </th>
              {firmwares.map((firmware, column) => {
                const count = cells[row]?.[column] ?? 0;
                return (
                  <td key={firmware} class={`heat-${levelOf(count, max)}`} title={countWords(count)}>
                    {count === 0 ? '' : shortCount(count)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
