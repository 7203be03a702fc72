import { siteGroups } from './site-map.ts';

/** The configuration of VitePress, as the text of a module: the search works without a network, and anchors are GitHub's. */
export function siteConfig(): string {
  const sidebar = siteGroups.map(({ text, pages }) => ({
    text,
    items: pages.map(({ page, title }) => ({ text: title, link: `/${page}` })),
  }));
  const config = {
    title: 'Device hub',
    description: 'A hub between devices and operators: telemetry in, commands out',
    lang: 'en',
    // The examples run on the reader's machine.
    ignoreDeadLinks: 'localhostLinks',
    themeConfig: {
      sidebar,
      outline: { level: [2, 3] },
      search: { provider: 'local' },
      nav: [
        { text: 'Start', link: '/start' },
        { text: 'Protocol', link: '/reference/protocol' },
        { text: 'Troubleshooting', link: '/guides/troubleshooting' },
      ],
    },
  };
  return `import { slugOf } from '../../../packaging/docs/markdown.ts';
export default {
  ...${JSON.stringify(config)},
  markdown: { anchor: { slugify: slugOf } },
};
`;
}
