import type { FieldError } from '../../../../schemas/field-error.ts';

/** A command as `GET /api/v1/commands` gives it; times are Unix ms on the hub's clock. */
export interface CommandView {
  readonly id: string;
  readonly device: string;
  readonly name: string;
  readonly status: string;
  readonly final: boolean;
  readonly params: Readonly<Record<string, unknown>>;
  readonly accepted: number;
  /** When the status was entered. */
  readonly ts: number;
  readonly deadline: number;
  readonly reason?: string;
  readonly errors?: readonly FieldError[];
  readonly output?: unknown;
  readonly percent?: number;
  readonly note?: string;
  readonly cancelRequested?: boolean;
  readonly origin?: { readonly actor: string; readonly door: string };
  /** The same request came before. */
  readonly repeated?: boolean;
}

/** A group command as `GET /api/v1/group-commands` gives it; `devices` only where one alone is asked for. */
export interface GroupCommandView {
  readonly id: string;
  readonly group: string;
  readonly to: string;
  readonly name: string;
  readonly status: string;
  readonly final: boolean;
  readonly params: Readonly<Record<string, unknown>>;
  readonly wave: number;
  readonly maxFailures: number;
  readonly accepted: number;
  readonly ts: number;
  readonly reason?: string;
  readonly targets: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly open: number;
  readonly waiting: number;
  readonly skipped: number;
}
