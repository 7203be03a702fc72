import { pages } from '../pages.ts';
import { mayAs, maySend, seesAll } from '../session.ts';
import { texts } from '../texts/texts.ts';

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
  { may: isOperator, word: texts.shell.sendACommand, to: '/commands?view=groups' },
  {
    may: () => maySend('config'),
    word: texts.shell.changeSettingsOfManyDevices,
    to: '/commands?view=settings',
  },
  { may: isOperator, word: texts.shell.silenceAlarms, to: '/alarms' },
  { may: () => maySend('critical'), word: texts.shell.beginAFirmwareRollout, to: '/firmware' },
  { may: isAdmin, word: texts.shell.addADevice, to: '/devices?view=add' },
  { may: isAdmin, word: texts.shell.makeAnEnrolmentToken, to: '/devices?view=enrolment' },
  { may: isAdmin, word: texts.shell.approveDevicesThatWait, to: '/devices?view=enrolment' },
  { may: isAdmin, word: texts.shell.addASchedule, to: '/commands?view=schedules' },
  { may: isAdmin, word: texts.shell.storeAGroup, to: '/commands?view=stored' },
  { may: isAdmin, word: texts.shell.sendANotice, to: '/commands?view=notices' },
  { may: () => true, word: texts.shell.changeYourPassword, to: '/account' },
  { may: () => true, word: texts.shell.twoFactorSignIn, to: '/account' },
  { may: isAdmin, word: texts.shell.accountsAndApiTokens, to: '/hub?view=accounts', kind: 'page' },
  { may: seesAll, word: texts.shell.auditWhoDidWhat, to: '/hub?view=audit', kind: 'page' },
  { may: isAdmin, word: texts.shell.configurationInEffect, to: '/hub?view=config', kind: 'page' },
  { may: isAdmin, word: texts.shell.webhooks, to: '/alarms?view=webhooks', kind: 'page' },
  { may: isAdmin, word: texts.shell.addFirmware, to: '/firmware?view=files' },
];

/** Those that have every word of the text, in their order. */
export function matching(all: readonly Findable[], text: string): Findable[] {
  const words = text.toLowerCase().split(/\s+/);
  return all.filter(({ word, kind }) =>
    words.every((part) => `${word} ${kind}`.toLowerCase().includes(part)),
  );
}
