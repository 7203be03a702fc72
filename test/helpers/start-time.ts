/** Unix ms at which the fixture's clock starts. */
export const startMs = 1_767_225_600_000;
