import { siteGroups } from './site-map.ts';

/**
 * Answers come before lists, and both before what is for those who work on the hub. VitePress runs this in the reader's browser; the
 * weights of fields are its own.
 */
const searchOptions = `{
  fuzzy: 0.2,
  prefix: true,
  boost: { title: 4, text: 2, titles: 1 },
  boostDocument(id) {
    if (id.includes('/questions')) return 2;
    if (id.includes('/hub/')) return 0.2;
    return id.includes('/reference/') && !id.includes('/reference/protocol') ? 0.7 : 1;
  },
}`;

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
      nav: [
        { text: 'Start', link: '/start' },
        { text: 'Protocol', link: '/reference/protocol' },
        { text: 'Troubleshooting', link: '/guides/troubleshooting' },
      ],
    },
  };
  return `import { slugOf } from '../../../packaging/docs/markdown.ts';
export default {
  ...${JSON.stringify({ ...config, themeConfig: undefined })},
  themeConfig: {
    ...${JSON.stringify(config.themeConfig)},
    search: { provider: 'local', options: { miniSearch: { searchOptions: ${searchOptions} } } },
  },
  markdown: { anchor: { slugify: slugOf } },
};
`;
}
