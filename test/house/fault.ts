/** A place where the house breaks its own rules. */
export interface Fault {
  path: string;
  line: number;
  /** What is wrong there, and the way out. */
  message: string;
}

export function faultLine({ path, line, message }: Fault): string {
  return `${path}:${line} ${message}`;
}
