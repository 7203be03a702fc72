/** The path of each page, in the order of the navigation. `pages.ts` says what each shows, and tests visit them all. */
export const paths = {
  overview: '/',
  devices: '/devices',
  device: '/devices/:id',
  compare: '/compare',
  alarms: '/alarms',
  commands: '/commands',
  firmware: '/firmware',
  types: '/types',
  hub: '/hub',
  playground: '/playground',
  interfaces: '/interfaces',
  account: '/account',
} as const;

export type PageName = keyof typeof paths;
