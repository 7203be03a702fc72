/** The path of each page, in the order of the navigation. `pages.ts` says what each shows, and tests visit them all. */
export const paths = {
  fleet: '/',
  device: '/devices/:id',
  alarms: '/alarms',
  commands: '/commands',
  schemas: '/schemas',
  hub: '/hub',
  playground: '/playground',
} as const;

export type PageName = keyof typeof paths;
