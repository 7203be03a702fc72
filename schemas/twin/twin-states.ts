/** Where a twin can stand. Without a library, so that a browser takes it too. */

/**
 * `in-sync`: the device has dealt with the newest revision, and reports every desired value. `pending`: it is connected, and
 * has not dealt with it yet. `waiting`: the same, and it is not connected. `refused`: it reports errors, or another value
 * after it dealt with the newest revision; or the desired state does not fit in its frames.
 */
export const twinStates = ['in-sync', 'pending', 'waiting', 'refused'] as const;
export type TwinState = (typeof twinStates)[number];
