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

/** A hub has sent a command, or published something that only a hub may say that may act. */
export interface Write {
  readonly hub: string;
  readonly kind: 'sent' | 'published';
  readonly what: string;
  /** For how long the state had sent it nothing, ms. */
  readonly silentMs: number;
}

/** A device that must have no session from `byMs` on. */
export interface Gone {
  readonly device: string;
  readonly why: 'dead' | 'revoked';
  /** Since when, Unix ms. */
  readonly atMs: number;
  /** By then its session is over; or, of one that is dead, hubs call it offline. */
  readonly byMs: number;
}

/** A state of an incident, as it was published. */
export interface SeenIncident {
  readonly id: string;
  readonly kind: string;
  /** `site=lab`; empty: it is not about devices that have something in common. */
  readonly scope: string;
  readonly state: string;
  readonly sinceMs: number;
  readonly untilMs?: number | undefined;
}

/** A schedule with one time, as it is in the end. */
export interface SeenSchedule {
  readonly name: string;
  readonly outcomes: readonly string[];
}

/** A command to many devices, as it is in the end. */
export interface SeenGroup {
  readonly id: string;
  readonly final: boolean;
  readonly targets: readonly { readonly device: string; readonly status: string }[];
  /** Its final reports, as they were published. */
  readonly reports: readonly string[];
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
  /** Of each command frame that a device was given, the name of the command: device/id. */
  readonly frames: readonly string[];
  readonly writes: readonly Write[];
  readonly gone: readonly Gone[];
  readonly incidents: readonly SeenIncident[];
  /** When all devices of a site were cut off. */
  readonly siteCuts: readonly { readonly site: string; readonly fromMs: number; readonly toMs: number }[];
  readonly schedules: readonly SeenSchedule[];
  /** Of each notice that a device was given by a schedule, device/schedule. */
  readonly notices: readonly string[];
  readonly groups: readonly SeenGroup[];
  /** How commands ended by the devices' own account, by device/id. */
  readonly results: ReadonlyMap<string, string>;
  /** When all of this was read. */
  readonly readMs: number;
}

/** A heartbeat of 5 s and its grace, less what a clock that is read a little later makes of it, ms. */
const awayMs = 7_000;
/** From the change to its publication, ms. */
const sayMs = 500;

/** A hub acts for 4.5 s without the state; the rest is what it takes until that is seen, ms. */
const fencedMs = 5_500;
/** What commands end as that were never begun. */
const notBegun = new Set(['rejected', 'expired', 'cancelled', 'skipped']);

const twice = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, at) => names.indexOf(name) !== at)),
];
const keyOf = ({ device, epoch, n }: SeenState): string => `${device} ${epoch} ${n}`;
const ownerOf = ({ hub, inc }: Owner): string => `${hub} ${inc}`;

/** Each finds what breaks one promise of hubs that are one, whatever befell them. */
export const hubJudges = {
  /** A command is sent once, by whichever hub. */
  sentTwice: ({ sent, frames }) => [...new Set([...twice(sent), ...twice(frames)])],

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
  falselyOffline: ({ changes, absences, gone }) =>
    changes.flatMap(({ device, state, sinceMs }) => {
      const isAway = absences.some(
        ({ device: absent, fromMs, toMs }) =>
          absent === device && sinceMs - fromMs >= awayMs && sinceMs <= toMs + sayMs,
      );
      // Its session was ended by a hub.
      const isRevoked = gone.some(
        ({ device: out, why, atMs }) => out === device && why === 'revoked' && sinceMs >= atMs,
      );
      const isExplained = isAway || isRevoked;
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

  /** In the end each device is online that is not gone, its row says so, and the broker has retained the same. */
  untruePresence: ({ rows, retained, gone }) => {
    const said = new Map(retained.map((seen) => [seen.device, `${keyOf(seen)} ${seen.state}`]));
    const isGone = new Set(gone.map(({ device }) => device));
    return rows.flatMap((row) => {
      const truth = `${keyOf(row)} ${row.state}`;
      const now = said.get(row.device) ?? 'nothing';
      return now === truth && (row.state === 'online') !== isGone.has(row.device)
        ? []
        : [`${truth}, retained ${now}`];
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

  /** A hub that does not hear from the state sends no command, and says nothing that another may say by then. */
  fencedWrites: ({ writes }) => [
    ...(['sent', 'published'] as const).flatMap((kind) =>
      writes.some((write) => write.kind === kind) ? [] : [`nothing was seen that hubs have ${kind}`],
    ),
    ...writes.flatMap(({ hub, kind, what, silentMs }) =>
      silentMs > fencedMs ? [`${hub} ${kind} ${what} after ${silentMs} ms`] : [],
    ),
  ],

  /** What is dead is called offline in time. */
  lateOffline: ({ gone, changes, readMs }) =>
    gone.flatMap(({ device, why, atMs, byMs }) => {
      const isTold = changes.some(
        (change) =>
          change.device === device &&
          change.state === 'offline' &&
          change.sinceMs >= atMs &&
          change.sinceMs <= byMs,
      );
      return why === 'revoked' || isTold || readMs < byMs ? [] : [`${device}, dead since ${atMs}`];
    }),

  /** Whoever lost its credential has no session soon after, and gets none again. */
  admitted: ({ gone, absences }) =>
    gone.flatMap(({ device, why, byMs }) => {
      const last = absences.findLast((absence) => absence.device === device && absence.toMs === Infinity);
      if (why === 'dead' || (last !== undefined && last.fromMs <= byMs)) return [];
      return [`${device} after ${byMs}: ${last === undefined ? 'still there' : `until ${last.fromMs}`}`];
    }),

  /** All hubs together make one incident of a site that is cut off, and each incident ends once. */
  incidents: ({ incidents, siteCuts }) => {
    const losses = incidents.filter(({ kind }) => kind === 'correlated-loss');
    const ids = [...new Set(losses.map(({ id }) => id))].map((id) => {
      const first = losses.find((incident) => incident.id === id);
      // A wider scope may explain it better when more is known.
      const last = losses.findLast((incident) => incident.id === id);
      const ends = new Set(
        losses.flatMap((incident) =>
          incident.id === id && incident.state === 'closed' ? [incident.untilMs] : [],
        ),
      );
      const untilMs = last?.untilMs ?? Infinity;
      return { id, scope: last?.scope ?? '', sinceMs: first?.sinceMs ?? 0, untilMs, ends: [...ends] };
    });
    return [
      ...ids.flatMap(({ id, scope, ends }) =>
        ends.length === 1 ? [] : [`${id} of ${scope} has ${ends.length} ends`],
      ),
      ...siteCuts.flatMap(({ site, toMs }) => {
        // One that an earlier loss has opened goes on; one that ends before the devices are back is of something else.
        const within = ids.filter(({ sinceMs, untilMs }) => sinceMs <= toMs && untilMs >= toMs);
        const scopes = within.map(({ scope }) => scope).join(', ');
        return scopes === `site=${site}` ? [] : [`of the cut of ${site}: ${scopes === '' ? 'none' : scopes}`];
      }),
    ];
  },

  /** Each time of a schedule is dealt with once, whichever hub leads. */
  schedules: ({ schedules, notices }) => [
    ...schedules.flatMap(({ name, outcomes }) =>
      outcomes.length === 1 && outcomes[0] !== 'sending'
        ? []
        : [`${name}: ${outcomes.join(', ') || 'never'}`],
    ),
    ...twice(notices),
  ],

  /** A command to many devices has one report, and each device is in it once, with what it has done. */
  reports: ({ groups, results }) =>
    groups.flatMap(({ id, final, targets, reports }) => {
      const untrue = targets.flatMap(({ device, status }) => {
        const did = results.get(`${device}/${id}`);
        const isTrue = did === undefined ? notBegun.has(status) : status === did;
        return isTrue ? [] : [`${device}/${id}: ${status}, the device ${did ?? 'nothing'}`];
      });
      return [
        ...(final ? [] : [`${id} has not ended`]),
        ...(new Set(reports).size === 1
          ? []
          : [`${id} has the reports [${[...new Set(reports)].join(', ')}]`]),
        ...twice(targets.map(({ device }) => `${device}/${id}`)),
        ...untrue,
      ];
    }),
} satisfies Record<string, (this: void, log: HubLog) => string[]>;

export type HubFaults = Record<keyof typeof hubJudges, string[]>;

export function judgeHubs(log: HubLog): HubFaults {
  const found = Object.entries(hubJudges).map(([name, judge]) => [name, judge(log)]);
  return Object.fromEntries(found) as HubFaults;
}
