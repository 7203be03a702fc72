import type { TypeCheck } from '../../../../schemas/api/device-types.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';

/** What would become of the readings that came last. */
export function TypePreview({ check }: { readonly check: TypeCheck }) {
  const { read, devices, firmwares, rejects } = check;
  if (read === 0) return <p class="quiet">{texts.deviceTypes.noReadingsCameSince}</p>;
  const rejected = firmwares.reduce((sum, firmware) => sum + firmware.rejected, 0);
  return (
    <>
      <p>{texts.deviceTypes.judgedByItTheLast(texts.counts.readings(read), texts.counts.devices(devices))}</p>
      <ul class="plain-list">
        {rejected === 0 && <li>{texts.deviceTypes.allOfThemWould}</li>}
        {firmwares
          .filter((each) => each.rejected > 0)
          .map((each) => (
            <li key={each.firmware}>
              <strong>{firmwareWords(each)}</strong>{' '}
              <span class="quiet">{texts.deviceTypes.asItIsAre(countWords(each.rejectedNow))}</span>
            </li>
          ))}
      </ul>
      {rejects.length > 0 && <RejectTable rejects={rejects} />}
    </>
  );
}

function firmwareWords({ firmware, read, rejected }: TypeCheck['firmwares'][number]): string {
  const of =
    firmware === '' ? texts.deviceTypes.devicesOfUnknownFirmware : texts.deviceTypes.ofFirmware(firmware);
  return texts.deviceTypes.wouldBeRejected(countWords(rejected), countWords(read), of);
}

function RejectTable({ rejects }: Pick<TypeCheck, 'rejects'>) {
  return (
    <div class="table-scroll">
      <table class="table stacking">
        <caption class="visually-hidden">{texts.deviceTypes.readingsThatWouldBeRejected}</caption>
        <thead>
          <tr>
            <th scope="col">{texts.deviceTypes.field}</th>
            <th scope="col">{texts.deviceTypes.rule}</th>
            <th scope="col">{texts.common.firmware}</th>
            <th scope="col" class="number">
              {texts.deviceTypes.readings}
            </th>
            <th scope="col">{texts.deviceTypes.example}</th>
          </tr>
        </thead>
        <tbody>
          {rejects.map(({ stream, field, rule, firmware, count, example }) => (
            <tr key={JSON.stringify([stream, field, rule, firmware])}>
              <th scope="row">
                <code>{`${stream}${field}`}</code>
              </th>
              <td data-head={texts.deviceTypes.rule}>{rule}</td>
              <td data-head={texts.common.firmware}>{firmware === '' ? '–' : firmware}</td>
              <td class="number" data-head={texts.deviceTypes.readings}>
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
