import type { JSX } from 'preact';
import type { CommandDefinition } from '../../../../schemas/device-type-definition.ts';
import { idempotentWords, offlineWords, safetyWords, ttlWords } from './command-words.ts';

interface WhatHappensProps {
  readonly definition: CommandDefinition;
  /** How long this command is to live, s; undefined while that cannot be read. */
  readonly ttlSec: number | undefined;
}

/** What sending this command will do, in plain words, before it is sent. */
export function WhatHappens({ definition, ttlSec }: WhatHappensProps): JSX.Element {
  const { safety, offline = 'reject' } = definition;
  return (
    <dl class="what-happens">
      <dt>
        Safety <span class={`safety ${safety}`}>{safety}</span>
      </dt>
      <dd>{safetyWords[safety]}</dd>
      <dt>
        When away <span class="word">{offline}</span>
      </dt>
      <dd>{ttlSec === undefined ? '' : offlineWords(offline, ttlSec)}</dd>
      <dt>Deadline</dt>
      <dd>{ttlSec === undefined ? '' : ttlWords(ttlSec)}</dd>
      <dt>Twice</dt>
      <dd>{idempotentWords(definition)}</dd>
    </dl>
  );
}
