/**
 * A number that CBOR writes as a float, even when it is whole. The short forms of telemetry need the distinction: an integer
 * may be scaled or a difference, a float is the value itself.
 */
export class CborFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** IEEE 754 binary16, as RFC 8949 appendix D. */
export function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** @returns the bits of the binary16 that equals the number; undefined: none does */
export function halfBits(value: number): number | undefined {
  if (Number.isNaN(value)) return 0x7e00;
  scratch.setFloat32(0, value);
  if (scratch.getFloat32(0) !== value) return undefined;
  const bits = scratch.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const fraction = bits & 0x7fffff;
  if (exponent === 128) return sign | 0x7c00;
  if (exponent >= -14 && exponent <= 15) {
    return (fraction & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (fraction >> 13) : undefined;
  }
  if (exponent === -127 && fraction === 0) return sign;
  if (exponent < -24 || exponent > 15) return undefined;
  const shift = -exponent - 1;
  const whole = fraction | 0x800000;
  return (whole & ((1 << shift) - 1)) === 0 ? sign | (whole >> shift) : undefined;
}
