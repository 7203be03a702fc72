import type { Config } from '../config/config.ts';

/** The configuration without its secrets, for printing. */
export function withoutSecrets(config: Config): unknown {
  const { mqtt, influx, state, settings: _, ...others } = config;
  return {
    ...others,
    mqtt: hidePassword(mqtt),
    influx: influx && hidePassword(influx),
    state: state && hidePassword(state),
  };
}

function hidePassword<T extends { password?: string | undefined }>(part: T): T {
  return part.password === undefined ? part : { ...part, password: '(hidden)' };
}
