/** One line of progress, with the seconds since the start. */
export function say(text: string): void {
  process.stdout.write(`${(performance.now() / 1000).toFixed(1)} s  ${text}\n`);
}

export function report(numbers: object): void {
  process.stdout.write(`${JSON.stringify(numbers, undefined, 2)}\n`);
}
