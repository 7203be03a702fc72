/** What each scenario of presence promises, as limits that its numbers are held against. */

export interface Check {
  what: string;
  got: number;
  limit: number;
  ok: boolean;
}

export type Numbers = Readonly<Record<string, unknown>>;

type Rule = readonly [what: string, is: 'is' | 'at least' | 'at most' | 'below', limit: number | string];

/** A limit that is a word is another of the numbers. */
const rules: Readonly<Record<string, readonly Rule[]>> = {
  stall: [
    ['offline', 'is', 0],
    ['online', 'is', 'devices'],
  ],
  restarts: [
    ['falseOffline', 'is', 0],
    ['trueFound', 'is', 'dead'],
    ['latestMs', 'at most', 'allowedMs'],
    ['online', 'is', 'alive'],
  ],
  'half-open': [
    ['found', 'is', 'faulty'],
    ['falseOffline', 'is', 0],
    ['noHeartbeat', 'is', 'hung'],
    ['linkLost', 'is', 'silent'],
    ['timerEarliestMs', 'at least', 0],
    ['timerLatestMs', 'below', 100],
    ['latestMs', 'at most', 500],
  ],
  rolling: [
    ['exitCode', 'is', 0],
    ['slots', 'is', 'devices'],
    ['inSlotShare', 'at least', 0.99],
    ['peakPerSec', 'at most', 'peakLimitPerSec'],
    ['falseOffline', 'is', 0],
    ['lost', 'is', 0],
  ],
  'site-loss': [
    ['incidents', 'is', 1],
    ['listed', 'is', 1],
    ['lastDevices', 'is', 'lost'],
  ],
};

/** Holds the numbers of a scenario against its promises. @throws when it has none, or a number is missing */
export function verdict(scenario: string, numbers: Numbers): Check[] {
  const own = rules[scenario];
  if (own === undefined) throw new Error(`${scenario} promises nothing`);
  return own.map(([what, is, limitOrName]) => {
    const got = numberOf(numbers, what);
    const limit = typeof limitOrName === 'number' ? limitOrName : numberOf(numbers, limitOrName);
    return { what: `${what} ${is}`, got, limit, ok: holds(got, is, limit) };
  });
}

function numberOf(numbers: Numbers, name: string): number {
  const value = numbers[name];
  if (typeof value !== 'number') throw new Error(`${name} is no number: ${JSON.stringify(numbers)}`);
  return value;
}

function holds(got: number, is: Rule[1], limit: number): boolean {
  switch (is) {
    case 'is':
      return got === limit;
    case 'at least':
      return got >= limit;
    case 'at most':
      return got <= limit;
    case 'below':
      return got < limit;
  }
}
