/** A state of a device as it was published, or as its row has it. */
export interface SeenState {
  readonly device: string;
  readonly state: string;
  readonly epoch: number;
  readonly n: number;
}

/** Which start of a hub; null: none. */
export interface Owner {
  readonly hub: string | null;
  readonly inc: number | null;
}

/** What was seen of hubs that are one, and of their devices. Times are Unix ms. */
export interface HubLog {
  /** Of each time that a command was sent, its name: device/id. */
  readonly sent: readonly string[];
  /** Of each session, as the device was told, in their order. */
  readonly welcomes: readonly { readonly device: string; readonly epoch: number }[];
  /** When devices had no session, by their own account; `toMs` infinite: it has none yet. */
  readonly absences: readonly { readonly device: string; readonly fromMs: number; readonly toMs: number }[];
  /** Changes as they were published; `sinceMs`: as of when. */
  readonly changes: readonly (SeenState & { readonly sinceMs: number })[];
  /** What the broker has retained in the end, and what the state says. */
  readonly retained: readonly SeenState[];
  readonly rows: readonly (SeenState & Owner)[];
  /** Commands that have not ended, or whose end is owed. */
  readonly openCommands: readonly (Owner & { readonly device: string; readonly id: string })[];
  /** Starts of hubs that live. */
  readonly living: readonly Owner[];
}

/** A heartbeat of 5 s and its grace, less what a clock that is read a little later makes of it, ms. */
const awayMs = 7_000;
/** From the change to its publication, ms. */
const sayMs = 500;

const keyOf = ({ device, epoch, n }: SeenState): string => `${device} ${epoch} ${n}`;
const ownerOf = ({ hub, inc }: Owner): string => `${hub} ${inc}`;

/** Each finds what breaks one promise of hubs that are one, whatever befell them. */
export const hubJudges = {
  /** A command is sent once, by whichever hub. */
  sentTwice: ({ sent }) => [...new Set(sent.filter((command, at) => sent.indexOf(command) !== at))],

  /** Epochs of a device rise from session to session. */
  epochsBack: ({ welcomes }) => {
    const last = new Map<string, number>();
    return welcomes.flatMap(({ device, epoch }) => {
      const before = last.get(device) ?? 0;
      last.set(device, epoch);
      return epoch > before ? [] : [`${device}: ${epoch} after ${before}`];
    });
  },

  /** Nobody is said to be offline who was not away for as long as that takes. */
  falselyOffline: ({ changes, absences }) =>
    changes.flatMap(({ device, state, sinceMs }) => {
      const isExplained = absences.some(
        ({ device: absent, fromMs, toMs }) =>
          absent === device && sinceMs - fromMs >= awayMs && sinceMs <= toMs + sayMs,
      );
      return state === 'offline' && !isExplained ? [`${device} offline at ${sinceMs}`] : [];
    }),

  /** Two hubs do not publish different states of a device under one number. */
  conflicting: ({ changes }) => {
    const first = new Map<string, string>();
    return changes.flatMap((change) => {
      const known = first.get(keyOf(change)) ?? change.state;
      first.set(keyOf(change), known);
      return known === change.state ? [] : [`${keyOf(change)}: ${known} and ${change.state}`];
    });
  },

  /** In the end each device is online, its row says so, and the broker has retained the same. */
  untruePresence: ({ rows, retained }) => {
    const said = new Map(retained.map((seen) => [seen.device, `${keyOf(seen)} ${seen.state}`]));
    return rows.flatMap((row) => {
      const truth = `${keyOf(row)} ${row.state}`;
      const now = said.get(row.device) ?? 'nothing';
      return now === truth && row.state === 'online' ? [] : [`${truth}, retained ${now}`];
    });
  },

  /** Each device belongs to a hub that lives, and its open commands to the same. */
  orphans: ({ rows, openCommands, living }) => {
    const lives = new Set(living.map(ownerOf));
    const owners = new Map(rows.map((row) => [row.device, ownerOf(row)]));
    return [
      ...rows
        .filter((row) => row.hub !== null && !lives.has(ownerOf(row)))
        .map((row) => `${row.device} of ${ownerOf(row)}`),
      ...openCommands
        .filter((command) => owners.get(command.device) !== ownerOf(command))
        .map((command) => `${command.device}/${command.id} of ${ownerOf(command)}`),
    ];
  },
} satisfies Record<string, (this: void, log: HubLog) => string[]>;

export type HubFaults = Record<keyof typeof hubJudges, string[]>;

export function judgeHubs(log: HubLog): HubFaults {
  const { sentTwice, epochsBack, falselyOffline, conflicting, untruePresence, orphans } = hubJudges;
  return {
    sentTwice: sentTwice(log),
    epochsBack: epochsBack(log),
    falselyOffline: falselyOffline(log),
    conflicting: conflicting(log),
    untruePresence: untruePresence(log),
    orphans: orphans(log),
  };
}
