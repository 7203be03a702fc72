import type { Log } from '../kernel/log.ts';
import { messageOf } from '../kernel/errors.ts';
import type { HubStart } from './hub-start.ts';
import { jsonFields } from '../kernel/json-fields.ts';

/** What hubs write to one another. Each is only a hint: behind it is a row that says the same, and somebody who looks for it. */
export interface Notes {
  /** A session of the device is open at the hub that writes. */
  taken: { device: string; epoch: number };
  /** Nothing of the device is on its way to the broker any more from the hub that writes. */
  clear: { device: string };
  /** Commands were accepted, for this device and perhaps for others. */
  command: { device: string };
  /** Somebody wants a command to be cancelled. */
  cancel: { device: string; id: string };
  /** The hub was declared dead, in this start. */
  dead: { incarnation: number };
  /** Devices were added, changed or removed. */
  changed: object;
  /** Alarms of devices, silences or webhooks were changed. */
  alarmed: object;
}
export type NoteKind = keyof Notes;
export type Letter<Kind extends NoteKind = NoteKind> = {
  [K in Kind]: { kind: K; from: string } & Notes[K];
}[Kind];

/** What is done about a letter of each kind. */
export type Readers = { [Kind in NoteKind]: (letter: Letter<Kind>) => void };

export interface MailDeps {
  log: Log;
  /** This hub. */
  me: string;
  /** The topic of what others write to it. */
  inbox: string;
  /** Hands it to the broker, which keeps it until the hub has it. @throws when it cannot be kept */
  post: (hub: string, text: string) => Promise<void>;
  /** Other hubs that live. */
  others: () => Iterable<Pick<HubStart, 'id'>>;
}

/** Hints to and from other hubs. */
export class Mail {
  readonly #deps: MailDeps;
  /** By kind and fate. */
  readonly counters: Record<string, number> = {};

  constructor(deps: MailDeps) {
    this.#deps = deps;
  }

  send<Kind extends NoteKind>(hub: string, kind: Kind, note: Notes[Kind]): void {
    const { me, post, log } = this.#deps;
    post(hub, JSON.stringify({ kind, from: me, ...note })).then(
      () => this.#count(kind, 'sent'),
      (error: unknown) => {
        this.#count(kind, 'lost');
        log.debug({ hub, kind, reason: messageOf(error) }, 'a hint to another hub is lost');
      },
    );
  }

  sendAll<Kind extends NoteKind>(kind: Kind, note: Notes[Kind]): void {
    for (const { id } of this.#deps.others()) this.send(id, kind, note);
  }

  /** Reads what comes from the broker. */
  tap(readers: Readers): {
    readonly filter: string;
    takes: (topic: string) => boolean;
    take: (topic: string, payload: string) => void;
  } {
    const { inbox } = this.#deps;
    return {
      filter: inbox,
      takes: (topic) => topic === inbox,
      take: (_topic, payload) => this.read(payload, readers),
    };
  }

  /** What has come. A letter of another version, whose kind is not known here, is left. */
  read(text: string, readers: Readers): void {
    const letter = letterOf(text);
    if (letter === undefined) {
      this.#count('unknown', 'left');
      return;
    }
    this.#count(letter.kind, 'read');
    // Its kind names its reader.
    const reader = readers[letter.kind] as (given: Letter) => void;
    reader(letter);
  }

  #count(kind: string, fate: string): void {
    const name = `${kind} ${fate}`;
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }
}

const textFields: Readonly<Record<NoteKind, readonly string[]>> = {
  taken: ['device'],
  dead: [],
  clear: ['device'],
  command: ['device'],
  cancel: ['device', 'id'],
  changed: [],
  alarmed: [],
};

const numberFields: Readonly<Partial<Record<NoteKind, string>>> = { taken: 'epoch', dead: 'incarnation' };

function letterOf(text: string): Letter | undefined {
  const fields = jsonFields(text);
  if (fields === undefined) return undefined;
  const kind = fields.get('kind');
  if (typeof kind !== 'string' || !Object.hasOwn(textFields, kind)) return undefined;
  const isText = (name: string): boolean => typeof fields.get(name) === 'string';
  if (!['from', ...textFields[kind as NoteKind]].every(isText)) return undefined;
  const number = numberFields[kind as NoteKind];
  if (number !== undefined && typeof fields.get(number) !== 'number') return undefined;
  // Just checked.
  return Object.fromEntries(fields) as unknown as Letter;
}
