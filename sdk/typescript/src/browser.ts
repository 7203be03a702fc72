/** The SDK for browsers; Node has `node.ts`. Its README is in the folder above. */
export { begin, type PageSettings } from './browser/begin.ts';
export { openPageState, type PageState } from './browser/page-database.ts';
export { pageLinks } from './browser/page-link.ts';
export * from './parts.ts';
