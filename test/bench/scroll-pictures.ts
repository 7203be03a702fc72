import type { Browser, Page } from 'playwright-core';

/** As much of the browser as is used inside its page. */
interface Canvas {
  drawImage(image: object, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
}
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => { getContext(kind: '2d', options: object): Canvas };
declare const fetch: (url: string) => Promise<{ blob(): Promise<object> }>;
declare const createImageBitmap: (blob: object) => Promise<{ width: number; height: number }>;

/** The part of a picture that is looked at. */
interface Band {
  /** Where the ids of the rows are written, px of the picture. */
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface ScrollPictures {
  /** Pictures that were taken and looked at. */
  count: number;
  /** Of them: with more than a row's height in which nothing is written. */
  blank: number;
  /** The largest height without writing, px. */
  blankPx: number;
}

const mostPictures = 2_000;
const betweenMs = 80;
/** Rows are 40 px apart and their writing is at least 8 px high: so much is empty between two of them at most. */
const rowPx = 40;

/**
 * What the screen shows while `scroll` runs, from the browser's compositor: it may move the list before the page
 * has drawn the rows that come into sight, which the page itself cannot see.
 * @returns JPEGs, base64, as many as the screen shows and there is time to take
 */
export async function picturesWhile(page: Page, scroll: () => Promise<void>): Promise<string[]> {
  const tab = await page.context().newCDPSession(page);
  const pictures: string[] = [];
  tab.on('Page.screencastFrame', ({ data, sessionId }) => {
    if (pictures.length < mostPictures) pictures.push(data);
    // The next is taken when this one is acknowledged: the pictures are not to be the load.
    setTimeout(() => void tab.send('Page.screencastFrameAck', { sessionId }).catch(() => {}), betweenMs);
  });
  await tab.send('Page.startScreencast', { format: 'jpeg', quality: 70, everyNthFrame: 1 });
  await scroll();
  await tab.send('Page.stopScreencast');
  await tab.detach();
  return pictures;
}

/** Looks at pictures in a page of its own, which decodes them. */
export async function lookAt(
  browser: Browser,
  pictures: readonly string[],
  band: Band,
): Promise<ScrollPictures> {
  const page = await browser.newPage();
  const blanks: number[] = [];
  for (const picture of pictures) blanks.push(await page.evaluate(largestBlank, { picture, band }));
  await page.close();
  return {
    count: blanks.length,
    blank: blanks.filter((px) => px > rowPx).length,
    blankPx: Math.max(0, ...blanks),
  };
}

/** Runs in a browser. @returns the largest height in the band in which nothing is written, px */
async function largestBlank({ picture, band }: { picture: string; band: Band }): Promise<number> {
  const image = await createImageBitmap(await (await fetch(`data:image/jpeg;base64,${picture}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d', {
    willReadFrequently: true,
  });
  canvas.drawImage(image, 0, 0);
  const width = band.right - band.left;
  const { data } = canvas.getImageData(band.left, band.top, width, band.bottom - band.top);
  // Written on: clearly darker than the ground. Green stands for brightness.
  const dark = 170;
  let run = 0;
  let largest = 0;
  for (let line = 0; line < band.bottom - band.top; line += 1) {
    let written = false;
    for (let x = 0; x < width && !written; x += 1) written = (data[(line * width + x) * 4 + 1] ?? 255) < dark;
    run = written ? 0 : run + 1;
    largest = Math.max(largest, run);
  }
  return largest;
}
