import type { IncomingMessage } from 'node:http';
import type { Log } from '../../kernel/log.ts';
import { authorizationOf } from './upgrade-offer.ts';
import type { UpgradeRefusal } from './upgrade-refusals.ts';

/** Who was refused before the upgrade, as far as it is known. */
export interface Refused {
  authorization: string | undefined;
  status: number;
  code: string;
  address: string;
}

/** Counts refusals, and notifies of those that were no download. */
export function refusalCounts(
  { log, refused }: { log: Log; refused: (refused: Refused) => void },
  addressOf: (request: IncomingMessage) => string,
): {
  refusals: Record<string, number>;
  counted: (status: number) => void;
  count: (request: IncomingMessage, given: UpgradeRefusal) => UpgradeRefusal;
} {
  const refusals: Record<string, number> = {};
  const counted = (status: number): void => {
    refusals[status] = (refusals[status] ?? 0) + 1;
  };
  return {
    refusals,
    counted,
    count(request, given) {
      const { status, code } = given;
      counted(status);
      const authorization = authorizationOf(request.headers);
      const address = addressOf(request);
      log.debug({ status, code, address }, 'connection refused');
      refused({ authorization, status, code, address });
      return given;
    },
  };
}
