import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import { texts } from '../texts/texts.ts';
import { idempotentWords, offlineWords, safetyWords, ttlWords } from './command-words.ts';
import { SafetyBadge } from './safety-badge.tsx';

interface WhatHappensProps {
  readonly definition: CommandDefinition;
  /** The time to live of this command, s; undefined while the input cannot be parsed. */
  readonly ttlSec: number | undefined;
}

/** What sending this command will do, in plain words, before it is sent. */
export function WhatHappens({ definition, ttlSec }: WhatHappensProps) {
  const { safety, offline = 'reject' } = definition;
  return (
    <section class="what-happens" aria-label={texts.forms.whatTheCommandDoes}>
      <p>
        <SafetyBadge safety={safety} /> {safetyWords[safety]}
      </p>
      <p>{ttlSec !== undefined && offlineWords(offline, ttlSec)}</p>
      <p>
        {ttlSec !== undefined && ttlWords(ttlSec)} {idempotentWords(definition)}
      </p>
    </section>
  );
}
