import { spawn } from 'node:child_process';
import type { ServiceManager } from '../kernel/service-manager.ts';

interface Environment {
  readonly [name: string]: string | undefined;
}

const nobody: ServiceManager = { notify: () => undefined, watchdogMs: undefined };

/**
 * What systemd has asked for in the environment; nothing when it has not started this process. Node has no datagram sockets of
 * Unix, so systemd's own program sends the messages; the unit allows that with `NotifyAccess=all`.
 * @param complain is called once when they do not arrive
 */
export function serviceManagerOf(env: Environment, complain: (text: string) => void): ServiceManager {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdog, WATCHDOG_PID: watched } = env;
  if (socket === undefined || socket === '') return nobody;
  let complained = false;
  const failed = (why: string): void => {
    if (!complained) complain(`systemd is not told how the hub is (systemd-notify ${why})\n`);
    complained = true;
  };
  const isWatched = watched === undefined || watched === String(process.pid);
  return {
    notify(state) {
      const child = spawn('systemd-notify', [state], {
        stdio: 'ignore',
        env: { PATH: env['PATH'], NOTIFY_SOCKET: socket },
      });
      child.on('error', ({ message }) => failed(message));
      child.on('exit', (code) => {
        if (code !== 0) failed(`ended with ${code}`);
      });
    },
    watchdogMs: watchdog === undefined || !isWatched ? undefined : Number(watchdog) / 1000,
  };
}
