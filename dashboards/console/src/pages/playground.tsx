import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { Loaded } from '../components/states.tsx';
import { ConnectForm } from '../playground/connect-form.tsx';
import { DevicePanel } from '../playground/device-panel.tsx';
import type { PlayedDevice } from '../playground/played-device.ts';
import { texts } from '../texts/texts.ts';
import { useLoad } from '../use-load.ts';

/** A device in this page, to see what passes between a device and the hub, and what the hub does about faults. */
export function PlaygroundPage() {
  const types = useLoad((signal) => ask('GET /api/v1/device-types', { signal }), []);
  const [device, setDevice] = useState<PlayedDevice>();
  const running = useRef<PlayedDevice | undefined>(undefined);
  const change = (next: PlayedDevice | undefined): void => {
    void running.current?.close();
    running.current = next;
    setDevice(next);
  };
  // A device does not outlive its page.
  useEffect(() => () => void running.current?.close(), []);
  return (
    <>
      <header class="page-head">
        <h1>{texts.playground.playground}</h1>
        <p class="quiet">{texts.playground.deviceInThisPageWhat}</p>
      </header>
      <Loaded load={types} what={texts.common.theDeviceTypes}>
        {({ types: rows }) =>
          device === undefined ? (
            <ConnectForm types={rows} begun={change} />
          ) : (
            <DevicePanel device={device} end={() => change(undefined)} />
          )
        }
      </Loaded>
    </>
  );
}
