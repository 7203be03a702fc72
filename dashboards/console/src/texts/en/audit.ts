export const audit = {
  filterWords: { actor: 'Who', action: 'Action', subject: 'About' },
  theAudit: 'the audit',
  noEntryMatchesTheseFilters: 'No entry matches these filters',
  auditNewestFirst: 'Audit, newest first',
  who: 'Who',
  action: 'Action',
  about: 'About',
  outcome: 'Outcome',
  details: 'Details',
};
