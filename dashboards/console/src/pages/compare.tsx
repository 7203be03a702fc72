import { useMemo } from 'preact/hooks';
import { ask } from '../api.ts';
import { Comparison } from '../device/charts/comparison.tsx';
import { Panel } from '../components/panel.tsx';
import { RangeBar } from '../device/charts/range-bar.tsx';
import { rangeOf } from '../device/charts/ranges.ts';
import { Empty, Loaded } from '../components/states.tsx';
import { query, setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import {
  chosenFields,
  comparedFields,
  fitsBeside,
  mostFields,
  type ComparedField,
} from '../device/charts/compared-fields.ts';

/** Devices that are compared at most: more lines could not be told apart. */
const most = 8;

/** Fields of several devices, or several of one, in one chart. */
export function ComparePage() {
  const { value: asked } = query;
  const named = asked.get('devices') ?? '';
  const ids = useMemo(() => [...new Set(named.split(','))].filter((id) => id !== '').slice(0, most), [named]);
  const load = useLoad((signal) => loadFields(ids, signal), [ids]);
  return (
    <>
      <a class="back" href="/devices">
        {texts.charts.devices}
      </a>
      <header class="page-head">
        <h1>{texts.charts.compareDevices}</h1>
      </header>
      {ids.length === 0 ? (
        <Empty title={texts.charts.noDevicesToCompare}>
          <p>{texts.charts.chooseUpToDevices(most)}</p>
        </Empty>
      ) : (
        <Loaded load={load} what={texts.charts.fieldsOfTheseDevices}>
          {({ fields, age }) => <Chosen ids={ids} age={age} fields={fields} />}
        </Loaded>
      )}
    </>
  );
}

function Chosen({
  ids,
  age,
  fields,
}: {
  ids: readonly string[];
  age: number;
  fields: readonly ComparedField[];
}) {
  const { value: asked } = query;
  const range = rangeOf(asked.get('range'), age);
  const named = asked.get('fields');
  const chosen = useMemo(() => chosenFields(fields, named), [fields, named]);
  if (chosen.length === 0) return <Empty title={texts.charts.theseDevicesSendNothing} />;
  const choose = (field: ComparedField, on: boolean): void => {
    const next = on ? [...chosen, field] : chosen.filter((each) => each !== field);
    setQuery({ fields: next.map(({ key }) => key).join(',') });
  };
  return (
    <Panel
      title={chosen.map(({ title }) => title).join(' · ')}
      name="pictures"
      aside={<RangeBar range={range} until={asked.get('until')} />}
    >
      <fieldset class="field-group compared-fields">
        <legend>{texts.charts.fields}</legend>
        {fields.map((field) => {
          const on = chosen.includes(field);
          return (
            <label key={field.key} class="check">
              <input
                type="checkbox"
                checked={on}
                disabled={on ? chosen.length === 1 : !fitsBeside(chosen, field)}
                onChange={({ currentTarget }) => choose(field, currentTarget.checked)}
              />
              {field.title}
            </label>
          );
        })}
        <p class="quiet">{texts.charts.fieldsInOneChart(mostFields)}</p>
      </fieldset>
      <Comparison devices={ids} fields={chosen} range={range} until={asked.get('until')} />
    </Panel>
  );
}

interface Compared {
  fields: ComparedField[];
  /** Since the oldest of the devices was registered, ms. */
  age: number;
}

/** @throws ApiError */
async function loadFields(ids: readonly string[], signal: AbortSignal): Promise<Compared> {
  const devices = await Promise.all(
    ids.map((id) => ask('GET /api/v1/devices/{id}', { params: { id }, signal })),
  );
  const typed = devices.map(({ id, type, session }) => ({ id, type: session?.deviceType ?? type }));
  const names = [...new Set(typed.map(({ type }) => type))];
  const types = await Promise.all(
    names.map((id) => ask('GET /api/v1/device-types/{id}', { params: { id }, signal })),
  );
  const age = Date.now() - Math.min(...devices.map(({ registeredMs }) => registeredMs));
  return { fields: comparedFields(typed, types), age };
}
