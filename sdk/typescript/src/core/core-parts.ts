import type { DeviceFrame } from '../../../../schemas/protocol/device-frames.ts';
import type { NackFrame } from '../../../../schemas/protocol/hub-frames.ts';
import { Boots } from './boots.ts';
import { ClockOffset } from './clock-offset.ts';
import { CommandMemory } from './command-memory.ts';
import { CommandRunner } from './command-runner.ts';
import type { CoreSettings } from './core-settings.ts';
import { frameCodecOf, type FrameCodec } from './frame-codec.ts';
import { Heartbeat } from './heartbeat.ts';
import { HeldTwin } from './held-twin.ts';
import { HeldUpdate } from './held-update.ts';
import { loadReadings } from './kept-reading.ts';
import { NamedFrames } from './named-frames.ts';
import { Outbox } from './outbox.ts';
import { Reconnects } from './reconnects.ts';
import { Secrets } from './secrets.ts';
import { Sender } from './sender.ts';
import { ownState } from './state-owner.ts';
import { Agenda } from './timers.ts';

/** What a core is made of. */
export interface CoreParts {
  readonly agenda: Agenda;
  readonly codec: FrameCodec;
  readonly boots: Boots;
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly secrets: Secrets;
  readonly commands: CommandMemory;
  readonly runner: CommandRunner;
  readonly twin: HeldTwin;
  /** For what the device says of the firmware that it should run. */
  readonly update: HeldUpdate;
  readonly named: NamedFrames;
  readonly offset: ClockOffset;
  readonly reconnects: Reconnects;
  readonly heartbeat: Heartbeat;
}

interface SessionHooks {
  send: (frame: DeviceFrame) => void;
  beat: () => void;
  hubSilent: () => void;
}

/** Loads what outlived the last boot. @param up the uptime, ms @throws Error when the memory is that of another device */
export function makeParts(
  settings: CoreSettings,
  up: number,
  { send, beat, hubSilent }: SessionHooks,
): CoreParts {
  const { random, memory, store } = settings;
  const complain = (what: string): void => settings.emit('trouble', what);
  ownState(memory, settings.id, complain);
  const agenda = new Agenda(up);
  const clock = agenda;
  const codec = frameCodecOf(settings.cbor);
  const loaded = loadReadings(store);
  if (loaded.damaged > 0) complain(`${loaded.damaged} kept readings were damaged, and are lost`);
  const boots = new Boots({ timers: clock, memory, complain }, settings.boot, {
    kept: loaded.boots,
    given: settings.endedBoots,
  });
  const notKept = (): void =>
    complain('the store takes no more readings: they would not outlive a loss of power');
  const kept = store && { boot: settings.boot, store, loaded, notKept };
  const outbox = new Outbox(settings.capacity ?? 10_000, codec.sizeOf, kept);
  const sender = new Sender({ clock, random, outbox, send });
  const secrets = new Secrets(settings.secret, memory, complain);
  const reconnects = new Reconnects({ clock, random, secrets }, settings.backoffFirstMs);
  const offset = new ClockOffset();
  const { remembersCommands = true } = settings;
  const commands = new CommandMemory(remembersCommands ? memory : undefined, complain);
  const runner = new CommandRunner({
    memory: commands,
    send,
    hubTime: () => offset.hubTime(clock.monotonic()),
    clock,
    changed: () => settings.changed(),
    ended: (result, command) => settings.emit('result', result, command),
  });
  const pauseMs = (nack: NackFrame): number => sender.pauseMs(nack);
  const twin = new HeldTwin({ memory, complain, clock, send, pauseMs });
  const update = new HeldUpdate({ clock, send, pauseMs });
  const resultAcked = (id: string): void => settings.emit('result-acked', id);
  const named = new NamedFrames({ update, commands, runner, twin, pauseMs, resultAcked });
  const heartbeat = new Heartbeat({ clock, beat, hubSilent });
  return {
    agenda,
    codec,
    boots,
    outbox,
    sender,
    secrets,
    commands,
    runner,
    twin,
    update,
    named,
    offset,
    reconnects,
    heartbeat,
  };
}
