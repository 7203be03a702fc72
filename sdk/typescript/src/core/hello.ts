import type { HelloFrame } from '../../../../schemas/protocol/device-frames.ts';
import type { Boots } from './boots.ts';
import type { CommandMemory } from './command-memory.ts';
import type { CoreSettings } from './core-settings.ts';
import type { HeldTwin } from './held-twin.ts';

/** The first frame of a session: who is there, and what it knows from before. */
export function helloFrame(
  { type, firmware, heartbeatSec }: CoreSettings,
  {
    boots,
    commands,
    twin,
    layout,
  }: { boots: Boots; commands: CommandMemory; twin: HeldTwin; layout: string | undefined },
): HelloFrame {
  const unresolved = commands.unresolved();
  const { unseen } = boots;
  return {
    type: 'hello',
    boot: boots.name,
    deviceType: type,
    t1: boots.uptime(),
    ...(firmware === undefined ? {} : { firmware }),
    ...(heartbeatSec === undefined ? {} : { heartbeatSec }),
    ...(twin.rev === undefined ? {} : { desiredRev: twin.rev }),
    ...(layout === undefined ? {} : { layout }),
    ...(commands.persists ? { persistsCommands: true } : {}),
    ...(unresolved.length === 0 ? {} : { unresolved }),
    ...(unseen.length === 0 ? {} : { boots: unseen }),
  };
}
