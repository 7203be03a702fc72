import type uPlot from 'uplot';

/** Beyond these values something is not well. */
export interface Limits {
  low?: number | undefined;
  high?: number | undefined;
}

/** Without readings there is no scale either: what it would say is made up. */
export function hasReadings({ data: [times] }: uPlot): boolean {
  return times.length > 0;
}

/** Shades where values are not well, behind the lines. @param scale whose values they are */
export function drawLimits(plot: uPlot, limits: Limits, colour: string, scale = 'y'): void {
  if (!hasReadings(plot)) return;
  const { ctx } = plot;
  const { left, top, width, height } = plot.bbox;
  const at = (value: number): number =>
    Math.min(top + height, Math.max(top, plot.valToPos(value, scale, true)));
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.14;
  if (limits.high !== undefined) ctx.fillRect(left, top, width, at(limits.high) - top);
  if (limits.low !== undefined) ctx.fillRect(left, at(limits.low), width, top + height - at(limits.low));
  ctx.restore();
}
