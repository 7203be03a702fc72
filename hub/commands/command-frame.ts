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
 * Bytes of the command's frame, at most, where they may be more than the device takes; 0 where they cannot, since the params
 * are bounded by far less than a frame.
 * @param maxBytes what the device takes @param bytesOf on the connection of its device; not given: as JSON
 */
export function commandFrameBytes(command: FramedCommand, maxBytes: number, bytesOf = bytesOfJson): number {
  if (maxBytes >= limits.frameBytes) return 0;
  return bytesOf(commandFrame(command, 0, 0)) + 2 * (timeBytes - 1);
}

function bytesOfJson(frame: CommandFrame): number {
  return Buffer.byteLength(JSON.stringify(frame));
}
