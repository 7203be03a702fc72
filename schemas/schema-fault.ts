import { faultText, type FieldError } from './field-error.ts';

/** A device type cannot be used. Has every fault found in the file, each with its JSON pointer. */
export class SchemaFault extends Error {
  readonly file: string;
  readonly errors: readonly FieldError[];

  constructor(file: string, errors: readonly FieldError[], options: { cause?: unknown } = {}) {
    const lines = errors.map((error) => `${faultText(error, '/')} (${error.keyword})`);
    super(`${file}: ${lines.join('; ')}`, options);
    this.name = 'SchemaFault';
    this.file = file;
    this.errors = errors;
  }
}
