import type { ScalarDefinition } from '../device-type-definition.ts';

/** How a number with `x-step` is written: a whole number of steps, each `unit` * 10^-`decimals`. */
export interface NumberSteps {
  step: number;
  unit: number;
  decimals: number;
  /** The smallest and the greatest number of steps within the bounds. */
  lowest: number;
  highest: number;
}

/** The number of decimals, also with an exponent: 1e-7 has 7, 2.5e-7 has 8. */
function decimalsOf(value: number): number {
  const [digits = '', exponent = '0'] = String(value).split('e');
  const behind = digits.split('.')[1]?.length ?? 0;
  return Math.max(0, behind - Number(exponent));
}

/** The whole number, apart from errors of floating point: 0.07 / 0.01 is 7.000000000000001. */
function nearlyWhole(value: number): number | undefined {
  const whole = Math.round(value);
  return Math.abs(value - whole) <= 1e-9 * Math.max(1, Math.abs(value)) ? whole : undefined;
}

/** The steps of a number; undefined when its definition has none. */
export function stepsOf(definition: ScalarDefinition): NumberSteps | undefined {
  const { 'x-step': step, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = definition;
  if (step === undefined) return undefined;
  const decimals = decimalsOf(step);
  const unit = Math.round(step * 10 ** decimals);
  // A double holds every whole number up to here, and with `unit` so does an int64_t.
  const most = Math.floor(Number.MAX_SAFE_INTEGER / unit);
  const from = (bound: number): number => nearlyWhole(bound / step) ?? Math.ceil(bound / step);
  const upTo = (bound: number): number => nearlyWhole(bound / step) ?? Math.floor(bound / step);
  const lowest = [
    -most,
    ...(minimum === undefined ? [] : [from(minimum)]),
    ...(exclusiveMinimum === undefined
      ? []
      : [Math.floor(nearlyWhole(exclusiveMinimum / step) ?? exclusiveMinimum / step) + 1]),
  ];
  const highest = [
    most,
    ...(maximum === undefined ? [] : [upTo(maximum)]),
    ...(exclusiveMaximum === undefined
      ? []
      : [Math.ceil(nearlyWhole(exclusiveMaximum / step) ?? exclusiveMaximum / step) - 1]),
  ];
  return { step, unit, decimals, lowest: Math.max(...lowest), highest: Math.min(...highest) };
}

/** A comparison that refuses a number, and the rule it breaks. */
export interface NumberBound {
  refusedWhen: '<' | '<=' | '>' | '>=';
  bound: number;
  rule: 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum';
}

/** The bounds of the schema. */
export function boundsOf(definition: ScalarDefinition): NumberBound[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = definition;
  const all = [
    { refusedWhen: '<', bound: minimum, rule: 'minimum' },
    { refusedWhen: '<=', bound: exclusiveMinimum, rule: 'exclusiveMinimum' },
    { refusedWhen: '>', bound: maximum, rule: 'maximum' },
    { refusedWhen: '>=', bound: exclusiveMaximum, rule: 'exclusiveMaximum' },
  ] as const;
  return all.flatMap(({ bound, ...rest }) => (bound === undefined ? [] : [{ ...rest, bound }]));
}

const digits = 15;

/**
 * Bounds with at most 15 digits, within those of the schema. Rounding a number to 15 digits never takes it beyond such a
 * bound.
 */
export function writtenBounds(definition: ScalarDefinition): NumberBound[] {
  return boundsOf(definition).map((one) => {
    // A number never rounds to 0, however small it is.
    if (one.bound === 0) return one;
    const isOpen = one.rule.startsWith('exclusive');
    const isLow = one.refusedWhen.startsWith('<');
    const bound = isLow ? -inward(-one.bound, isOpen) : inward(one.bound, isOpen);
    return { refusedWhen: isLow ? '<' : '>', bound, rule: one.rule };
  });
}

/** The greatest number with 15 digits that is at most `bound`; when the bound is open, less than it. */
function inward(bound: number, isOpen: boolean): number {
  const near = Number(bound.toPrecision(digits));
  if (isOpen ? near < bound : near <= bound) return near;
  const exponent = Math.floor(Math.log10(Math.abs(bound)));
  return Number((near - 10 ** (exponent - digits + 1)).toPrecision(digits));
}
