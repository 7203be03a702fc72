import type { FieldError } from '../../../../schemas/field-error.ts';

/**
 * A form on its way to being sent, as a pure function of what happens.
 *
 *   editing ──submit──▶ confirming (actuate, critical) ──confirm──▶ sending ──answer──▶ sent
 *      ▲  └──submit (observe, config)─────────────────────────────────▲ │ ├──refusal──▶ editing, with faults
 *      │◀────────back─────────┘                                       │ └──no answer──▶ unclear
 *      │                                                              └────again───────────┘
 *      └──anew: another key── sent · unclear
 *
 * `unclear`: the request may have arrived. It can only be asked again, under the same key and with the same
 * content, which sends nothing twice; or left behind.
 */
export type Sending =
  | {
      readonly kind: 'editing';
      readonly key: string;
      readonly faults: readonly FieldError[];
      readonly message?: string;
    }
  | { readonly kind: 'confirming'; readonly key: string }
  | { readonly kind: 'sending'; readonly key: string }
  | { readonly kind: 'unclear'; readonly key: string; readonly message: string }
  | { readonly kind: 'sent'; readonly key: string };

export type SendingEvent =
  /** It was looked at, and nothing is wrong with it so far. */
  | { kind: 'checked' }
  | { kind: 'submitted'; faults: readonly FieldError[]; confirm: boolean }
  | { kind: 'confirmed' }
  | { kind: 'back' }
  /** The hub answered: nothing was done. */
  | { kind: 'refused'; message: string; faults: readonly FieldError[] }
  /** No answer, or one that leaves open what was done. */
  | { kind: 'unanswered'; message: string }
  | { kind: 'answered' }
  | { kind: 'again' }
  | { kind: 'anew'; key: string };

export function startSending(key: string): Sending {
  return { kind: 'editing', key, faults: [] };
}

/** Applies one event; one that does not fit the state changes nothing. */
export function advance(now: Sending, event: SendingEvent): Sending {
  const { key } = now;
  switch (event.kind) {
    case 'submitted':
      if (now.kind !== 'editing') return now;
      if (event.faults.length > 0) return { kind: 'editing', key, faults: event.faults };
      return { kind: event.confirm ? 'confirming' : 'sending', key };
    case 'checked':
      return now.kind === 'editing' ? startSending(key) : now;
    case 'confirmed':
      return now.kind === 'confirming' ? { kind: 'sending', key } : now;
    case 'back':
      return now.kind === 'confirming' ? startSending(key) : now;
    case 'refused':
      if (now.kind !== 'sending' && now.kind !== 'editing') return now;
      return { kind: 'editing', key, faults: event.faults, message: event.message };
    case 'unanswered':
      return now.kind === 'sending' ? { kind: 'unclear', key, message: event.message } : now;
    case 'answered':
      return now.kind === 'sending' ? { kind: 'sent', key } : now;
    case 'again':
      return now.kind === 'unclear' ? { kind: 'sending', key } : now;
    case 'anew':
      return now.kind === 'sent' || now.kind === 'unclear' ? startSending(event.key) : now;
  }
}
