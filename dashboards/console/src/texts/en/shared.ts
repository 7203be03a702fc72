import { countWords } from '../../number-words.ts';

export const shared = {
  loadingWhat: (what: string) => `Loading ${what} …`,
  couldNotLoad: (what: string) => `Could not load ${what}`,
  tryAgain: 'Try again',
  dismiss: 'Dismiss',
  copyLabel: (label: string) => `Copy ${label}`,
  copiedLabel: (label: string) => `Copied ${label}`,
  browserDidNotAllowCopying: 'The browser did not allow copying: choose the text and copy it yourself.',
  copy: 'Copy',
  saveNameAsFormat: (name: string, format: string) => `Save ${name} as ${format}`,
  selectNone: 'Select none',
  selectAllShown: 'Select all shown',
  retryEllipsis: 'Retry…',
  deleteEllipsis: 'Delete…',
  idsSelected: (ids: number) => `${countWords(ids)} selected`,
  retryNow: 'Retry',
  deleteNow: 'Delete',
  selectWhat: (what: string) => `Select ${what}`,
  confirm: 'Confirm',
  typeToConfirm: (typed: string) => `Type “${typed}” to confirm`,
  back: 'Back',
};
