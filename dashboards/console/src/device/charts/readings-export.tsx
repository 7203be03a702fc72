import type { DeviceTypeDefinition } from '../../../../../schemas/device-type-definition.ts';
import { ask } from '../../api.ts';
import { Export } from '../../components/export.tsx';
import { say } from '../../components/status-region.tsx';
import { countWords } from '../../number-words.ts';
import { isoTime } from '../../../../../schemas/iso-time.ts';
import { texts } from '../../texts/texts.ts';
import { spanOf, type Range } from './ranges.ts';

/** Readings of one file at most, the newest. */
const most = 100_000;

interface ReadingsExportProps {
  device: string;
  streams: NonNullable<DeviceTypeDefinition['streams']>;
  range: Range;
  until: string | null;
}

/** The readings of the time that is shown, as they were stored, one file a stream. */
export function ReadingsExport({ device, streams, range, until }: ReadingsExportProps) {
  async function load(stream: string): Promise<object[]> {
    const { fromMs, toMs } = spanOf(range, until, Date.now());
    const { readings } = await ask('GET /api/v1/devices/{id}/readings/{stream}', {
      params: { id: device, stream },
      query: { fromMs: Math.floor(fromMs), toMs: Math.ceil(toMs), limit: most },
    });
    if (readings.length === most) say('fault', texts.charts.onlyTheNewestAreSaved(countWords(most)));
    return readings.map(({ timeMs, fields }) => ({ time: isoTime(timeMs), ...fields }));
  }
  return (
    <p class="quiet readings-export">
      {texts.charts.saveTheReadings}{' '}
      {Object.keys(streams).map((stream) => (
        <span key={stream}>
          {stream} <Export name={`${device}-${stream}`} rows={() => load(stream)} />
        </span>
      ))}
    </p>
  );
}
