import type { ConfigSetting } from '../../../../schemas/api/hub.ts';

/** Where devices reach the hub. */
export interface DeviceDoor {
  readonly url: string;
  /** The file of the hub's own CA, as seen from the folder in which the hub was started; undefined: a CA that machines know. */
  readonly ca: string | undefined;
}

const usualPort = '8443';

/** As the hub is set up; what is not known is as it usually is. Pure. */
export function doorOf(settings: readonly ConfigSetting[], host: string): DeviceDoor {
  const textOf = (name: string): string => {
    const value = settings.find((setting) => setting.name === name)?.value;
    return typeof value === 'string' ? value : '';
  };
  const tls = textOf('tls');
  // The proxy before the hub has a port of its own.
  if (tls === 'terminated') return { url: `wss://${host}/v1/device`, ca: undefined };
  const port = /:([1-9]\d*)$/.exec(textOf('deviceListen'))?.[1] ?? usualPort;
  const url = `${tls === 'off' ? 'ws' : 'wss'}://${host}:${port}/v1/device`;
  const ownCa = tls !== 'off' && textOf('tlsCert') === '';
  return { url, ca: ownCa ? `${textOf('dataDir') || 'var'}/tls/ca.crt` : undefined };
}
