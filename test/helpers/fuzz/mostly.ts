import fc from 'fast-check';

/** Good values with a bad one now and then, so that what comes after a check is reached too. */
export function mostly<Value>(
  good: fc.Arbitrary<Value> | readonly Value[],
  bad: fc.Arbitrary<Value> | readonly Value[],
  weight = 8,
): fc.Arbitrary<Value> {
  return fc.oneof({ weight, arbitrary: chosen(good) }, { weight: 1, arbitrary: chosen(bad) });
}

function chosen<Value>(from: fc.Arbitrary<Value> | readonly Value[]): fc.Arbitrary<Value> {
  return from instanceof fc.Arbitrary ? from : fc.constantFrom(...from);
}
