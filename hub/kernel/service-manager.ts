/** Who has started the process, and restarts it when it hangs: systemd, with `Type=notify` and `WatchdogSec` (sd_notify(3)). */
export interface ServiceManager {
  /** Not waited for: what does not arrive is said once. */
  notify(state: 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1'): void;
  /** It must hear `WATCHDOG=1` within this time, again and again; undefined: it does not ask. */
  watchdogMs: number | undefined;
}
