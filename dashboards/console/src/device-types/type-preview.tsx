import type { TypeCheck } from '../../../../schemas/api/device-types.ts';
import { countWords } from '../number-words.ts';
import { texts } from '../texts/texts.ts';
import { RejectsTable } from './rejects-table.tsx';

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
      {rejects.length > 0 && (
        <RejectsTable caption={texts.deviceTypes.readingsThatWouldBeRejected} rejects={rejects} />
      )}
    </>
  );
}

function firmwareWords({ firmware, read, rejected }: TypeCheck['firmwares'][number]): string {
  const of =
    firmware === '' ? texts.deviceTypes.devicesOfUnknownFirmware : texts.deviceTypes.ofFirmware(firmware);
  return texts.deviceTypes.wouldBeRejected(countWords(rejected), countWords(read), of);
}
