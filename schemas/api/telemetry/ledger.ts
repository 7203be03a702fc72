/** The ledger: the outcome of every point since the hub started. */

import { Type, type Static } from 'typebox';
import { resource } from '../operation.ts';
import { closed, count, list, mapOf, named } from '../values.ts';

const example = {
  carried: 120,
  received: 10_000,
  rejected: 7,
  stored: 10_100,
  dropped: 0,
  inFlight: 13,
  spooled: 0,
  deadLettered: 0,
  imbalance: 0,
};

/** carried + received = rejected + stored + dropped + inFlight + spooled + deadLettered */
export const LedgerRow = named(
  'LedgerRow',
  Type.Object({
    id: Type.String({ description: "device id; `(hub)`: the hub's own points" }),
    carried: count('on disk when the hub started'),
    received: count(),
    rejected: count('a nack said why'),
    stored: count(),
    dropped: count('gone without having been stored'),
    inFlight: count('on the way to the store'),
    spooled: count('wait on disk for the store'),
    deadLettered: count('kept on disk because the store refuses them permanently'),
    imbalance: Type.Integer({ description: 'anything but 0 is a fault of the hub' }),
  }),
  { id: 'boiler-3', ...example },
);
export type LedgerRow = Static<typeof LedgerRow>;

export const LedgerReport = named(
  'LedgerReport',
  Type.Object({
    total: LedgerRow,
    accounts: list(LedgerRow, { description: 'by id' }),
    rejectedBy: mapOf(count(), { description: 'points by nack code' }),
    droppedBy: mapOf(count(), { description: 'points by cause' }),
  }),
  {
    total: { id: '(total)', ...example },
    accounts: [{ id: 'boiler-3', ...example }],
    rejectedBy: { schema: 7 },
    droppedBy: {},
  },
);
export type LedgerReport = Static<typeof LedgerReport>;

export const ledgerApi = resource('store', {
  showLedger: {
    method: 'GET',
    path: '/api/v1/ledger',
    summary: 'The outcome of every point, in total and by device',
    query: closed({
      device: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'only this account' })),
    }),
    answers: { 200: LedgerReport },
    refusals: ['device-unknown'],
  },
});
