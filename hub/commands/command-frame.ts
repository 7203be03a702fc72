import { limits, type CommandFrame } from '../../schemas/index.ts';
import type { Command } from './command.ts';
import { traceparentOf } from './trace-context.ts';

type FramedCommand = Pick<Command, 'id' | 'name' | 'params' | 'safety' | 'trace'>;

/** @param deadline on the hub's clock as the device knows it, Unix ms @param ttlMs the same as time left */
export function commandFrame(
  { id, name, params, safety, trace }: FramedCommand,
  deadline: number,
  ttlMs: number,
): CommandFrame {
  const frame: CommandFrame = { type: 'command', id, name, params, deadline, ttlMs, safety };
  return trace === undefined ? frame : { ...frame, traceparent: traceparentOf(trace) };
}

/** Characters of a time in ms: a double has up to four decimals there. */
const timeBytes = 18;

/**
 * Bytes of the command's frame, at most, where they may be more than the device takes; 0 where they cannot: as JSON, the params
 * are bounded by less than a frame.
 * @param maxBytes what the device takes @param bytesOf on a connection that is not JSON, whose numbers may be longer
 */
export function commandFrameBytes(
  command: FramedCommand,
  maxBytes: number,
  bytesOf?: (frame: CommandFrame) => number,
): number {
  if (bytesOf === undefined && maxBytes >= limits.frameBytes) return 0;
  return (bytesOf ?? bytesOfJson)(commandFrame(command, 0, 0)) + 2 * (timeBytes - 1);
}

function bytesOfJson(frame: CommandFrame): number {
  return Buffer.byteLength(JSON.stringify(frame));
}
