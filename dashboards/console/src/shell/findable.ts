import { pages } from '../pages.ts';
import { mayAs, maySend, seesAll } from '../session.ts';

/** Something that the finder leads to. */
export interface Findable {
  /** Such as `page`. */
  readonly kind: string;
  readonly word: string;
  readonly to: string;
}

/** Pages, and actions that the operator may do. */
export function findable(): Findable[] {
  const found = pages
    .filter(({ path }) => !path.includes(':'))
    .map(({ path, title }) => ({ kind: 'page', word: title({}), to: path }));
  for (const { may, word, to, kind = 'action' } of actions) if (may()) found.push({ kind, word, to });
  return found;
}

const isOperator = (): boolean => mayAs('operator');
const isAdmin = (): boolean => mayAs('admin');
const actions: readonly { may: () => boolean; word: string; to: string; kind?: 'page' }[] = [
  { may: isOperator, word: 'Send a command to a group', to: '/commands?view=groups' },
  { may: () => maySend('config'), word: 'Change settings of many devices', to: '/commands?view=settings' },
  { may: isOperator, word: 'Silence alarms', to: '/alarms' },
  { may: () => maySend('critical'), word: 'Begin a firmware rollout', to: '/firmware' },
  { may: isAdmin, word: 'Add a device', to: '/devices?view=add' },
  { may: isAdmin, word: 'Make an enrolment token', to: '/devices?view=enrolment' },
  { may: isAdmin, word: 'Approve devices that wait', to: '/devices?view=enrolment' },
  { may: isAdmin, word: 'Add a schedule', to: '/commands?view=schedules' },
  { may: isAdmin, word: 'Store a group', to: '/commands?view=stored' },
  { may: isAdmin, word: 'Send a notice', to: '/commands?view=notices' },
  { may: () => true, word: 'Change your password', to: '/account' },
  { may: () => true, word: 'Two-factor sign-in', to: '/account' },
  { may: isAdmin, word: 'Accounts and API tokens', to: '/hub?view=accounts', kind: 'page' },
  { may: seesAll, word: 'Audit: who did what', to: '/hub?view=audit', kind: 'page' },
  { may: isAdmin, word: 'Configuration in effect', to: '/hub?view=config', kind: 'page' },
  { may: isAdmin, word: 'Webhooks', to: '/alarms?view=webhooks', kind: 'page' },
  { may: isAdmin, word: 'Add firmware', to: '/firmware?view=files' },
];

/** Those that have every word of the text, in their order. */
export function matching(all: readonly Findable[], text: string): Findable[] {
  const words = text.toLowerCase().split(/\s+/);
  return all.filter(({ word, kind }) =>
    words.every((part) => `${word} ${kind}`.toLowerCase().includes(part)),
  );
}
