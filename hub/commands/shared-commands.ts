import type { Mail } from '../cluster/mail.ts';
import type { Tenure } from '../cluster/tenure.ts';
import type { SharedJournal } from './journal.ts';

/** Of several hubs that share one journal. */
export interface SharedCommands {
  journal: SharedJournal;
  /** This hub may act for its devices now. */
  mayAct: () => boolean;
  /** A hint to the hub that has the device: something is accepted for it. */
  passOn: (owner: string, device: string) => void;
  /** A hint to whichever hub has the device: the command is to be cancelled. */
  passOnCancel: (device: string, id: string) => void;
}

export function sharedCommands(
  { tenure, stores }: { tenure: Tenure; stores: { journal: SharedJournal } },
  mail: Mail,
): SharedCommands {
  return {
    journal: stores.journal,
    mayAct: () => tenure.holds(),
    passOn: onceATurn((owner, device) => mail.send(owner, 'command', { device })),
    passOnCancel: (device, id) => mail.sendAll('cancel', { device, id }),
  };
}

/** What is accepted together is reported in one hint: whoever gets it reads all that is new. */
function onceATurn(write: (owner: string, device: string) => void): (owner: string, device: string) => void {
  const waiting = new Map<string, string>();
  const flush = (): void => {
    for (const [owner, device] of waiting) write(owner, device);
    waiting.clear();
  };
  return (owner, device) => {
    if (waiting.size === 0) setImmediate(flush);
    waiting.set(owner, device);
  };
}
