import { posix } from 'node:path';
import { slugOf } from './markdown.ts';
import type { SitePage } from './site-map.ts';

export interface SourcePage extends SitePage {
  text: string;
}

/** The anchors of a page: those it names, and its headings as GitHub counts them; code is no heading. */
function anchorsOf(text: string): Set<string> {
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id));
  for (const [, heading = ''] of withoutCode(text).matchAll(/^#{1,6} (.*)$/gm)) {
    const slug = slugOf(heading);
    let unique = slug;
    for (let n = 1; anchors.has(unique); n += 1) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```[^\n]*\n[\s\S]*?^\1```$/gm, '');
}

/**
 * Every page with its links led to pages of the site. A link to a file that is no page becomes its path, as code.
 * @returns `faults`: a line for each link that leads nowhere
 */
export function linkPages(
  pages: readonly SourcePage[],
  isFile: (path: string) => boolean,
): { texts: ReadonlyMap<string, string>; pictures: ReadonlySet<string>; faults: readonly string[] } {
  const anchors = new Map(pages.map((page) => [page.page, anchorsOf(page.text)]));
  const faults: string[] = [];
  const pictures = new Set<string>();
  const led = (from: SourcePage, label: string, target: string, isPicture: boolean): string => {
    const whole = `${isPicture ? '!' : ''}[${label}](${target})`;
    if (/^[a-z]+:/.test(target)) return whole;
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? from.source : posix.join(posix.dirname(from.source), path);
    if (isPicture) {
      if (!isFile(file)) faults.push(`${from.source}: ${target} is no picture`);
      pictures.add(file);
      return `![${label}](/${file})`;
    }
    const found = pages.find(({ source }) => source === file);
    const isThere =
      found === undefined
        ? isFile(file)
        : anchor === undefined || anchors.get(found.page)?.has(anchor) === true;
    if (!isThere) faults.push(`${from.source}: ${target} leads nowhere`);
    if (found !== undefined) {
      const place = posix.relative(posix.dirname(from.page), found.page);
      return `[${label}](${found === from ? '' : `./${place}.md`}${anchor === undefined ? '' : `#${anchor}`})`;
    }
    return label.includes('`') ? label : `${label} (\`${file}\`)`;
  };
  const texts = pages.map((page) => {
    const text = outsideCode(page.text, (prose) =>
      prose.replaceAll(
        /(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g,
        (_, mark: string, label: string, target: string) => led(page, label, target, mark === '!'),
      ),
    );
    return [page.page, outsideCode(text, withoutTags)] as const;
  });
  return { texts: new Map(texts), pictures, faults };
}

/** A placeholder, such as the name of a host, is no tag for VitePress; anchors and addresses stay. */
function withoutTags(prose: string): string {
  return prose
    .split(/(`+[^`]*`+)/)
    .map((part, at) =>
      at % 2 === 1
        ? part
        : part.replaceAll(/(?<!\\)<(?!\/?a[ >]|https?:|br>)/g, '&lt;').replaceAll('{{', '&#123;&#123;'),
    )
    .join('');
}

/** Changes the prose alone: neither blocks of code nor code in a line. */
function outsideCode(text: string, change: (prose: string) => string): string {
  return text
    .split(/(^ *```[^\n]*\n[\s\S]*?^ *```$)/gm)
    .map((part, at) => (at % 2 === 1 ? part : change(part)))
    .join('');
}
