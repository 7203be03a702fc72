/** `device logs` and `device events`: what a device said and what happened to it, from the running hub's store. */

import type { Command } from 'commander';
import type { LogLine, SentEvent } from '../../../schemas/api/telemetry/readings.ts';
import { isoTime } from '../../../schemas/iso-time.ts';
import { terminalText } from '../../../schemas/terminal-text.ts';
import { ask } from '../ask-hub.ts';
import type { CliDeps } from '../cli-deps.ts';
import { linesInTime } from '../lines-in-time.ts';

export function addLogs(device: Command, deps: CliDeps): void {
  const logs = device
    .command('logs')
    .description("lines of a device's log, oldest first; only of device types with `logs`");
  linesInTime(logs, deps, 'timeMs, level, msg, tag', {
    load: async (options, id, query) =>
      (await ask(options, deps, 'GET /api/v1/devices/{id}/logs', { params: { id }, query })).lines,
    textOf: logText,
  });
}

export function addEvents(device: Command, deps: CliDeps): void {
  const events = device
    .command('events')
    .description('events that a device sent, oldest first; `device why` has those of its connection');
  linesInTime(events, deps, 'timeMs, name, severity, data', {
    load: async (options, id, query) =>
      (await ask(options, deps, 'GET /api/v1/devices/{id}/events', { params: { id }, query })).events,
    textOf: eventText,
  });
}

function logText({ timeMs, level, tag, msg }: LogLine): string {
  const part = tag === undefined ? '' : `${terminalText(tag)}: `;
  return `${isoTime(timeMs)} ${level.padEnd(7)} ${part}${terminalText(msg)}`;
}

function eventText({ timeMs, name, severity, data }: SentEvent): string {
  return `${isoTime(timeMs)} ${severity.padEnd(8)} ${terminalText(name)} ${terminalText(JSON.stringify(data))}`;
}
