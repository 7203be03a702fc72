import { ask } from '../api.ts';
import { Comparison } from '../device/charts/comparison.tsx';
import { Panel } from '../components/panel.tsx';
import { RangeBar } from '../device/charts/range-bar.tsx';
import { rangeOf } from '../device/charts/ranges.ts';
import { SelectField } from '../components/select-field.tsx';
import { Empty, Loaded } from '../components/states.tsx';
import { query, setQuery } from '../router.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';
import { comparedFields, type ComparedField } from '../device/charts/compared-fields.ts';

/** Devices that are compared at most: more lines could not be told apart. */
const most = 8;

/** One field of several devices in one chart. */
export function ComparePage() {
  const { value: asked } = query;
  const ids = (asked.get('devices') ?? '')
    .split(',')
    .filter((id) => id !== '')
    .slice(0, most);
  const load = useLoad((signal) => loadFields(ids, signal), [ids.join(',')]);
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
          {(fields) => <Chosen ids={ids} fields={fields} />}
        </Loaded>
      )}
    </>
  );
}

function Chosen({ ids, fields }: { ids: readonly string[]; fields: readonly ComparedField[] }) {
  const { value: asked } = query;
  const range = rangeOf(asked.get('range'));
  const until = asked.get('until');
  const chosen = fields.find(({ key }) => key === asked.get('field')) ?? fields[0];
  if (chosen === undefined) return <Empty title={texts.charts.theseDevicesSendNothing} />;
  return (
    <Panel title={chosen.title} name="pictures" aside={<RangeBar range={range} until={until} />}>
      <SelectField
        label={texts.charts.field}
        value={chosen.key}
        onValue={(field) => setQuery({ field })}
        choices={fields.map(({ key, title }) => [key, title])}
      />
      <Comparison
        key={chosen.key}
        devices={ids.filter((id) => chosen.devices.includes(id))}
        field={chosen}
        range={range}
        until={until}
      />
    </Panel>
  );
}

/** @throws ApiError */
async function loadFields(ids: readonly string[], signal: AbortSignal): Promise<ComparedField[]> {
  const devices = await Promise.all(
    ids.map((id) => ask('GET /api/v1/devices/{id}', { params: { id }, signal })),
  );
  const typed = devices.map(({ id, type, session }) => ({ id, type: session?.deviceType ?? type }));
  const names = [...new Set(typed.map(({ type }) => type))];
  const types = await Promise.all(
    names.map((id) => ask('GET /api/v1/device-types/{id}', { params: { id }, signal })),
  );
  return comparedFields(typed, types);
}
