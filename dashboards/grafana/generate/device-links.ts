import type { DataLink } from './board.ts';
import type { Column } from './panels.ts';
import { typeBoardUid } from './type-board-uid.ts';

/** From a device on a dashboard to the dashboard of its type, and to its page of the console. */
export interface DeviceLinks {
  /** Where the console is. */
  consoleUrl: string;
  /** Of all types. */
  names: readonly string[];
}

const anyType = typeBoardUid('');

/** Of a series that is grouped by `device` and `type`. */
export function seriesLinks(links: DeviceLinks): DataLink[] {
  return [...toReadings(links, '${__field.labels.device}', '${__field.labels.type}'), seriesInConsole(links)];
}

/** Of a series that is grouped by `device`, on the dashboard of its type. */
export function seriesInConsole(links: DeviceLinks): DataLink {
  return toConsole(links, '${__field.labels.device}');
}

/** The column `device` of a table that has `type` as well. */
export function deviceColumn(links: DeviceLinks): Column {
  const device = '${__data.fields.device}';
  return {
    name: 'device',
    links: [...toReadings(links, device, '${__data.fields.type}'), toConsole(links, device)],
  };
}

/** The column `device` of a table on the dashboard of its type. */
export function deviceColumnOfType(links: DeviceLinks): Column {
  const device = '${__data.fields.device}';
  const url = `?var-device=${device}&${kept}`;
  return { name: 'device', links: [{ title: 'This device alone', url }, toConsole(links, device)] };
}

/** The time range and the database go along. */
const kept = '${__url_time_range}&${datasource:queryparam}';

/** The uid of a dashboard is made from the type's name, unless that is too long: then its link names it. */
function toReadings({ names }: DeviceLinks, device: string, type: string): DataLink[] {
  const long = names.filter((name) => typeBoardUid(name) !== `${anyType}${name}`);
  return [
    { title: 'Readings', uid: `${anyType}${type}` },
    ...long.map((name) => ({ title: `Readings, if it is a ${name}`, uid: typeBoardUid(name) })),
  ].map(({ title, uid }) => ({ title, url: `/d/${uid}?var-device=${device}&${kept}` }));
}

function toConsole({ consoleUrl }: DeviceLinks, device: string): DataLink {
  return { title: 'Device in the console', url: `${consoleUrl.replace(/\/+$/, '')}/devices/${device}` };
}
