import { useState } from 'preact/hooks';
import type { ObjectDefinition } from '../../../../schemas/device-type-definition.ts';
import type { FieldError } from '../../../../schemas/field-error.ts';
import { checkParams } from '../forms/params-check.ts';
import type { Draft } from '../forms/params-draft.ts';
import { texts } from '../texts/texts.ts';

type Patch = Readonly<Record<string, unknown>>;

export interface SettingsDraft {
  /** For `SettingsFields`. */
  readonly fields: {
    readonly definition: ObjectDefinition;
    readonly draft: Draft;
    /** As of the last attempt to save: a new list takes the focus to the summary. */
    readonly faults: readonly FieldError[];
    readonly message: string | undefined;
    readonly onChange: (draft: Draft) => void;
  };
  /** What is filled in, for an attempt to save it; undefined: the fields say what is wrong. */
  attempt(): Patch | undefined;
  /** The hub did not take it. */
  refused(message: string, faults: readonly FieldError[]): void;
}

/**
 * What somebody fills in of settings, and what is wrong with it.
 * @param begin what is filled in at first
 * @param mayBeEmpty nothing filled in is an answer, too
 */
export function useSettingsDraft(
  definition: ObjectDefinition,
  begin: () => Draft,
  mayBeEmpty = false,
): SettingsDraft {
  const [draft, onChange] = useState(begin);
  const [faults, setFaults] = useState<readonly FieldError[]>([]);
  const [message, setMessage] = useState<string>();
  return {
    fields: { definition, draft, faults, message, onChange },
    attempt() {
      const { params, faults: found } = checkParams(definition, draft);
      const lacksAll = !mayBeEmpty && found.length === 0 && Object.keys(params).length === 0;
      setFaults(found);
      setMessage(lacksAll ? texts.twins.fillInWhat : undefined);
      return found.length > 0 || lacksAll ? undefined : params;
    },
    refused(why, found) {
      setFaults(found);
      setMessage(why);
    },
  };
}
