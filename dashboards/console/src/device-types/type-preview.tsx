import type { TypeCheck } from '../../../../schemas/api/device-types.ts';
import { countOf, countWords } from '../number-words.ts';

/** What would become of the readings that came last. */
export function TypePreview({ check }: { readonly check: TypeCheck }) {
  const { read, devices, firmwares, rejects } = check;
  if (read === 0) return <p class="quiet">No readings came since the hub started, so none were judged.</p>;
  const rejected = firmwares.reduce((sum, firmware) => sum + firmware.rejected, 0);
  return (
    <>
      <p>
        Judged by it: the last {countOf(read, 'reading')} of {countOf(devices, 'device')}.
      </p>
      <ul class="plain-list">
        {rejected === 0 && <li>All of them would be accepted.</li>}
        {firmwares
          .filter((each) => each.rejected > 0)
          .map((each) => (
            <li key={each.firmware}>
              <strong>{firmwareWords(each)}</strong>{' '}
              <span class="quiet">As it is, {countWords(each.rejectedNow)} are.</span>
            </li>
          ))}
      </ul>
      {rejects.length > 0 && <RejectTable rejects={rejects} />}
    </>
  );
}

function firmwareWords({ firmware, read, rejected }: TypeCheck['firmwares'][number]): string {
  const of = firmware === '' ? 'devices of unknown firmware' : `firmware ${firmware}`;
  return `${countWords(rejected)} of ${countWords(read)} of ${of} would be rejected.`;
}

function RejectTable({ rejects }: Pick<TypeCheck, 'rejects'>) {
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">Readings that would be rejected</caption>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Rule</th>
            <th scope="col">Firmware</th>
            <th scope="col" class="number">
              Readings
            </th>
            <th scope="col">Example</th>
          </tr>
        </thead>
        <tbody>
          {rejects.map(({ stream, field, rule, firmware, count, example }) => (
            <tr key={JSON.stringify([stream, field, rule, firmware])}>
              <th scope="row">
                <code>{`${stream}${field}`}</code>
              </th>
              <td data-head="Rule">{rule}</td>
              <td data-head="Firmware">{firmware === '' ? '–' : firmware}</td>
              <td class="number" data-head="Readings">
                {countWords(count)}
              </td>
              <td>
                <a href={`/devices/${encodeURIComponent(example.device)}`}>{example.device}</a>{' '}
                <span class="quiet">{example.message}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
