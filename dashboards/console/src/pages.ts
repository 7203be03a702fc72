/** Every page of the console: one file each, named here once. */
import type { ComponentType } from 'preact';
import { paths, type PageName } from './paths.ts';
import { AccountPage } from './pages/account.tsx';
import { AlarmsPage } from './pages/alarms.tsx';
import { ComparePage } from './pages/compare.tsx';
import { CommandsPage } from './pages/commands.tsx';
import { DevicePage } from './pages/device.tsx';
import { FirmwarePage } from './pages/firmware.tsx';
import { DevicesPage } from './pages/devices.tsx';
import { HubPage } from './pages/hub.tsx';
import { PlaygroundPage } from './pages/playground.tsx';
import { InterfacesPage } from './pages/interfaces.tsx';
import { OverviewPage } from './pages/overview.tsx';
import { TypesPage } from './pages/types.tsx';
import { texts } from './texts/texts.ts';

/** Values of a path's `:name` parts. */
export type Params = Readonly<Record<string, string>>;

export interface PageProps {
  params: Params;
}

export interface Page {
  /** Such as `/devices/:id`. */
  path: string;
  title: (params: Params) => string;
  content: ComponentType<PageProps>;
  /** Its label in the navigation; absent when the page is reached only from other pages. */
  nav?: string;
}

const byName: Readonly<Record<PageName, Page>> = {
  overview: {
    path: paths.overview,
    title: () => texts.shell.overview,
    nav: texts.shell.overview,
    content: OverviewPage,
  },
  devices: {
    path: paths.devices,
    title: () => texts.common.devices,
    nav: texts.common.devices,
    content: DevicesPage,
  },
  device: { path: paths.device, title: ({ id = '' }) => id, content: DevicePage },
  compare: { path: paths.compare, title: () => texts.shell.compareDevices, content: ComparePage },
  alarms: {
    path: paths.alarms,
    title: () => texts.common.alarms,
    nav: texts.common.alarms,
    content: AlarmsPage,
  },
  commands: {
    path: paths.commands,
    title: () => texts.common.commands,
    nav: texts.common.commands,
    content: CommandsPage,
  },
  firmware: {
    path: paths.firmware,
    title: () => texts.common.firmware,
    nav: texts.common.firmware,
    content: FirmwarePage,
  },
  types: {
    path: paths.types,
    title: () => texts.shell.deviceTypes,
    nav: texts.shell.types,
    content: TypesPage,
  },
  hub: { path: paths.hub, title: () => texts.shell.hub, nav: texts.shell.hub, content: HubPage },
  playground: { path: paths.playground, title: () => texts.shell.playground, content: PlaygroundPage },
  interfaces: { path: paths.interfaces, title: () => texts.shell.interfaces, content: InterfacesPage },
  account: { path: paths.account, title: () => texts.shell.yourAccount, content: AccountPage },
};

/** In the order of the navigation. */
export const pages: readonly Page[] = Object.values(byName);

/** The page at this path, such as `/devices/d-1`, and the values of its `:name` parts. */
export function pageAt(path: string): { page: Page; params: Params } | undefined {
  for (const page of pages) {
    const params = paramsOf(page.path, path);
    if (params !== undefined) return { page, params };
  }
  return undefined;
}

function paramsOf(pattern: string, path: string): Params | undefined {
  const wanted = partsOf(pattern);
  const given = partsOf(path);
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = given[at] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decoded(value);
    else if (part !== value) return undefined;
  }
  return params;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

/** A path that is not properly encoded is used as it is: no page or device will match it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
