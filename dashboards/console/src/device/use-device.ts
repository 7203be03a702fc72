import { useRef, useState } from 'preact/hooks';
import { ask } from '../api.ts';
import { useLive } from '../use-live.ts';
import { useLoad, type Load } from '../use-load.ts';
import type { DeviceDetails } from '../../../../schemas/api/devices.ts';

export interface LiveDevice {
  state: Load<DeviceDetails>;
  /** It was removed while the page was open. */
  gone: boolean;
  reload: () => void;
}

/** A device as the hub knows it, kept up to date. */
export function useDevice(id: string): LiveDevice {
  const { state, reload } = useLoad(
    (signal) => ask('GET /api/v1/devices/{id}', { params: { id }, signal }),
    [id],
  );
  const [live, setLive] = useState<DeviceDetails>();
  const [gone, setGone] = useState(false);
  useLive(`device:${id}`, {
    watching() {
      setLive(undefined);
      reload();
    },
    message(message) {
      if (message.t === 'device') setLive(message.details);
      if (message.t === 'gone') setGone(true);
    },
  });
  // The feed says `gone` of an id that never was, too.
  const wasThere = useRef(false);
  if (live !== undefined || state.kind === 'loaded') wasThere.current = true;
  return {
    state: live === undefined ? state : { kind: 'loaded', value: live },
    gone: gone && wasThere.current,
    reload,
  };
}
