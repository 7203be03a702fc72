import { alarms } from './alarms.ts';
import { audit } from './audit.ts';
import { charts } from './charts.ts';
import { commands } from './commands.ts';
import { common } from './common.ts';
import { counts } from './counts.ts';
import { device } from './device.ts';
import { deviceTypes } from './device-types.ts';
import { firmware } from './firmware.ts';
import { fleet } from './fleet.ts';
import { forms } from './forms.ts';
import { hubState } from './hub-state.ts';
import { incidents } from './incidents.ts';
import { interfaces } from './interfaces.ts';
import { operators } from './operators.ts';
import { overview } from './overview.ts';
import { ownAccount } from './own-account.ts';
import { playground } from './playground.ts';
import { registration } from './registration.ts';
import { shared } from './shared.ts';
import { shell } from './shell.ts';
import { signIn } from './sign-in.ts';
import { twins } from './twins.ts';

/** All texts of the console. */
export const english = {
  alarms,
  audit,
  charts,
  commands,
  common,
  counts,
  device,
  deviceTypes,
  firmware,
  fleet,
  forms,
  hubState,
  incidents,
  interfaces,
  operators,
  overview,
  ownAccount,
  playground,
  registration,
  shared,
  shell,
  signIn,
  twins,
};
