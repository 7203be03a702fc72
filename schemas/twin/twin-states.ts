/** The states of a twin. Uses no library, so that a browser can load it too. */

/**
 * `in-sync`: the device has dealt with the newest revision, and reports every desired value. `pending`: the device is
 * connected, and has not dealt with the newest revision yet. `waiting`: the same, but the device is not connected. `refused`:
 * the device dealt with the newest revision and reports errors or another value, or the desired state does not fit in its
 * frames.
 */
export const twinStates = ['in-sync', 'pending', 'waiting', 'refused'] as const;
export type TwinState = (typeof twinStates)[number];
