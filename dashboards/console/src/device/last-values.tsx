import { useState } from 'preact/hooks';
import type { DeviceTypeDefinition, ValueDefinition } from '../../../../schemas/device-type-definition.ts';
import { ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Loaded } from '../components/states.tsx';
import { Age } from '../components/time.tsx';
import { texts } from '../texts/texts.ts';
import { unitSymbol } from '../../../../schemas/unit-symbol.ts';
import { useLive } from '../use-live.ts';
import { useLoad } from '../use-load.ts';
import type { FieldValue, LastValues, Reading } from '../../../../schemas/api/telemetry/readings.ts';
import { numberText } from './number-text.ts';
import { inOrder } from './schema-order.ts';

interface LastValuesPanelProps {
  device: string;
  type: DeviceTypeDefinition | undefined;
}

/** The newest reading of each stream, with its age. */
export function LastValuesPanel({ device, type }: LastValuesPanelProps) {
  const load = useLoad(
    (signal) => ask('GET /api/v1/devices/{id}/last', { params: { id: device }, signal }),
    [device],
  );
  const [live, setLive] = useState<LastValues['streams']>({});
  useLive(`device:${device}`, {
    watching: load.reload,
    message(message) {
      if (message.t !== 'reading') return;
      const { stream, timeMs, fields } = message;
      setLive((old) =>
        (old[stream]?.timeMs ?? 0) > timeMs ? old : { ...old, [stream]: { timeMs, fields } },
      );
    },
  });
  return (
    <Panel title={texts.device.lastValues}>
      <Loaded load={load} what={texts.device.theLastValues}>
        {({ streams, incomplete }) => {
          const all = inOrder(Object.entries(newest(streams, live)), Object.keys(type?.streams ?? {}));
          return (
            <>
              {incomplete === true && <p class="note">{texts.device.metricsStoreIsNotAnswering}</p>}
              {all.length === 0 && <p class="quiet">{texts.device.noReadingsYet}</p>}
              {all.map(([stream, latest]) => (
                <StreamValues
                  key={stream}
                  stream={stream}
                  latest={latest}
                  definition={type?.streams?.[stream]}
                />
              ))}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

interface StreamValuesProps {
  stream: string;
  latest: Reading;
  definition: ValueDefinition | undefined;
}

function StreamValues({ stream, latest, definition }: StreamValuesProps) {
  const properties = definition?.type === 'object' ? (definition.properties ?? {}) : {};
  return (
    <section class="last-values" aria-label={stream}>
      <h3>
        {stream}{' '}
        <span class="quiet">
          <Age ms={latest.timeMs} />
        </span>
      </h3>
      <dl>
        {inOrder(Object.entries(latest.fields), Object.keys(properties)).map(([name, value]) => (
          <div key={name}>
            <dt>{titleOf(properties[name]) ?? name}</dt>
            <dd>{valueText(value, properties[name])}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function titleOf(field: ValueDefinition | undefined): string | undefined {
  return field !== undefined && 'title' in field ? field.title : undefined;
}

function valueText(value: FieldValue, field: ValueDefinition | undefined): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'string') return value;
  const unit =
    field !== undefined && 'unit' in field && field.unit !== undefined ? unitSymbol(field.unit) : '';
  return unit === '' ? numberText(value) : `${numberText(value)} ${unit}`;
}

function newest(loaded: LastValues['streams'], live: LastValues['streams']): LastValues['streams'] {
  const all = { ...loaded };
  for (const [stream, latest] of Object.entries(live)) {
    if (latest.timeMs >= (all[stream]?.timeMs ?? 0)) all[stream] = latest;
  }
  return all;
}
