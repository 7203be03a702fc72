import type { DeviceTypeDefinition } from '../../../../schemas/device-type-definition.ts';
import { DeviceAlarms } from '../alarms/device-alarms.tsx';
import { ApiError, ask } from '../api.ts';
import { Panel } from '../components/panel.tsx';
import { Empty, Failed, Loading } from '../components/states.tsx';
import { DeviceCommands } from '../device/device-commands.tsx';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';
import { DeviceHeader } from '../device/device-header.tsx';
import { FramesPanel } from '../device/frames-panel.tsx';
import { LastValuesPanel } from '../device/last-values.tsx';
import { LogPanel } from '../device/log-panel.tsx';
import { NacksPanel } from '../device/nacks-panel.tsx';
import { PresenceTimeline } from '../device/presence-timeline.tsx';
import { comparedFields } from '../device/charts/compared-fields.ts';
import { MarkList } from '../device/charts/mark-list.tsx';
import { useMarks } from '../device/charts/use-marks.ts';
import { PointsPanel } from '../device/charts/points-panel.tsx';
import { ReadingsExport } from '../device/charts/readings-export.tsx';
import { RangeBar } from '../device/charts/range-bar.tsx';
import { rangeOf } from '../device/charts/ranges.ts';
import { ConnectionHistoryPanel } from '../device/connection-history-panel.tsx';
import { StreamCharts } from '../device/charts/stream-charts.tsx';
import { useDevice } from '../device/use-device.ts';
import { DeviceFirmware } from '../firmware/device-firmware.tsx';
import { texts } from '../texts/texts.ts';
import { TwinPanel } from '../twins/twin-panel.tsx';
import type { PageProps } from '../pages.ts';
import { asLeft, query } from '../router.ts';
import { DeviceIdentity } from '../registration/device-identity.tsx';
import { mayAs } from '../session.ts';
import { useLoad, type Load } from '../use-load.ts';

/** One device: what it is, its state, its readings and its commands. */
export function DevicePage({ params }: PageProps) {
  const { id = '' } = params;
  const { state, gone, reload } = useDevice(id);
  return (
    <>
      <a class="back" href={asLeft('/devices')} data-back>
        {texts.device.devices}
      </a>
      {gone && (
        <p class="note" role="alert">
          {texts.device.thisDeviceWasRemoved}
        </p>
      )}
      {state.kind === 'loading' && <Loading what={id} />}
      {state.kind === 'failed' && <NoDevice id={id} error={state.error} reload={reload} />}
      {state.kind === 'loaded' && <Device details={state.value} reload={reload} />}
    </>
  );
}

function NoDevice({ id, error, reload }: { id: string; error: unknown; reload: () => void }) {
  if (!(error instanceof ApiError) || error.status !== 404)
    return <Failed what={id} error={error} retry={reload} />;
  return (
    <Empty title={texts.device.thereIsNoDevice(id)}>
      <a href="/devices">{texts.device.allDevices}</a>
    </Empty>
  );
}

function Device({ details, reload }: { details: DeviceDetails; reload: () => void }) {
  const { id } = details;
  const type = typeOf(details);
  const { state } = useLoad(
    (signal) => ask('GET /api/v1/device-types/{id}', { params: { id: type }, signal }),
    [type],
  );
  const definition = state.kind === 'loaded' ? state.value : undefined;
  return (
    <>
      <DeviceHeader details={details} />
      <div class="device-columns">
        <div class="device-side">
          <ConnectionHistoryPanel details={details} />
          <LastValuesPanel device={id} type={definition} />
          {definition?.twin !== undefined && <TwinPanel details={details} definition={definition.twin} />}
          {definition?.firmware?.updates === true && <DeviceFirmware details={details} />}
          {definition !== undefined && <DeviceCommands device={id} commands={definition.commands ?? {}} />}
          {mayAs('admin') && <DeviceIdentity details={details} reload={reload} />}
        </div>
        <div class="device-main">
          <DeviceAlarms device={id} />
          <Pictures details={details} type={state} />
          <NacksPanel device={id} />
          <PointsPanel device={id} />
          {definition?.logs === true && <LogPanel device={id} />}
          <FramesPanel device={id} />
        </div>
      </div>
    </>
  );
}

/** It may run another version of its type than the one it was registered with. */
function typeOf({ type, session }: DeviceDetails): string {
  return session?.deviceType ?? type;
}

function Pictures({ details, type }: { details: DeviceDetails; type: Load<DeviceTypeDefinition> }) {
  const range = rangeOf(query.value.get('range'), Date.now() - details.registeredMs);
  const until = query.value.get('until');
  const marks = useMarks(details, range, until);
  return (
    <Panel title={texts.device.history} name="pictures" aside={<RangeBar range={range} until={until} />}>
      <PresenceTimeline details={details} range={range} until={until} />
      <MarkList marks={marks} />
      {type.kind === 'loaded' && (
        <div class="chart-links">
          <ReadingsExport
            device={details.id}
            streams={type.value.streams ?? {}}
            range={range}
            until={until}
          />
          <SeveralFields device={details.id} type={type.value} />
        </div>
      )}
      {type.kind === 'failed' && (
        <Failed what={texts.device.theDeviceType(typeOf(details))} error={type.error} />
      )}
      {type.kind === 'loaded' &&
        Object.entries(type.value.streams ?? {}).map(([stream, definition]) => (
          <StreamCharts
            key={stream}
            device={details.id}
            stream={stream}
            definition={definition}
            range={range}
            until={until}
            marks={marks}
          />
        ))}
    </Panel>
  );
}

/** The way to several of its fields in one chart. */
function SeveralFields({ device, type }: { device: string; type: DeviceTypeDefinition }) {
  const numbers = comparedFields([{ id: device, type: type.name }], [{ ...type, id: type.name }]);
  const [first, ...others] = numbers;
  const second = others[0];
  if (first === undefined || second === undefined) return null;
  const fields = `${encodeURIComponent(first.key)},${encodeURIComponent(second.key)}`;
  return (
    <p>
      <a href={`/compare?devices=${encodeURIComponent(device)}&fields=${fields}`}>
        {texts.charts.severalInOneChart}
      </a>
    </p>
  );
}
