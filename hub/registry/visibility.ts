/** Which devices somebody may be shown; not given: all of them. */
export type MayShow = (deviceId: string) => boolean;
