import { noiseAt, seededRandom } from './random.ts';

/**
 * The readings of simulated sensors. Each value depends only on the seed and the time: the same seed gives the same
 * values at the same times, whatever happened in between. Days are UTC.
 */

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** How long a battery lasts before it is replaced. */
const batteryLifeMs = 90 * dayMs;

export interface EnvReading extends Record<string, number> {
  temperature: number;
  humidity: number;
  battery: number;
  rssi: number;
}

/** A room: warmest at three in the afternoon, drier when warmer, on a battery that slowly drains. */
export function envReading(seed: string, atMs: number): EnvReading {
  const character = seededRandom(seed);
  const mean = 19 + 5 * character();
  const swing = 1.5 + 2.5 * character();
  const batteryAge = (atMs / batteryLifeMs + character()) % 1;
  const distance = character();
  const warmth = swing * daily(atMs, 15) + 0.6 * noiseAt(`${seed}/temperature`, atMs, hourMs / 4);
  return {
    temperature: rounded(mean + warmth, 2),
    humidity: rounded(clamped(48 - 3 * warmth + 4 * noiseAt(`${seed}/humidity`, atMs, hourMs), 5, 98), 1),
    battery: rounded(3.62 - 0.85 * batteryAge + 0.005 * noiseAt(`${seed}/battery`, atMs, hourMs), 3),
    rssi: Math.round(-55 - 30 * distance + 5 * noiseAt(`${seed}/rssi`, atMs, hourMs / 12)),
  };
}

export interface TrafficReading extends Record<string, number> {
  /** mi/h */
  speed: number;
  /** Share of the time in which a vehicle is over the loop, %. */
  occupancy: number;
}

/** A road with two rush hours. The more traffic there is, the slower it moves. */
export function trafficReading(seed: string, atMs: number): TrafficReading {
  const character = seededRandom(seed);
  const free = 62 + 12 * character();
  const busiest = 22 + 14 * character();
  const hour = (atMs % dayMs) / hourMs;
  const load =
    0.12 + 0.8 * rush(hour, 8) + rush(hour, 17.5) + 0.1 * noiseAt(`${seed}/load`, atMs, hourMs / 6);
  const occupancy = clamped(busiest * load, 0, 100);
  const speed = free * (1 - 0.55 * clamped(load, 0, 1.2)) + 3 * noiseAt(`${seed}/speed`, atMs, hourMs / 12);
  return { speed: rounded(clamped(speed, 3, 120), 1), occupancy: rounded(occupancy, 2) };
}

export interface FlowReading extends Record<string, number> {
  /** L/min */
  flow: number;
  /** bar */
  pressure: number;
  /** Opening, %. */
  position: number;
}

/** A pipe behind a valve: the flow grows with the opening and the square root of the pressure. */
export function flowReading(seed: string, atMs: number, position: number): FlowReading {
  const character = seededRandom(seed);
  const pressure =
    3.2 + 0.8 * character() + 0.3 * daily(atMs, 3) + 0.1 * noiseAt(`${seed}/pressure`, atMs, hourMs / 6);
  const flow = (position / 100) * 28 * Math.sqrt(Math.max(0, pressure));
  return { flow: rounded(flow, 2), pressure: rounded(pressure, 3), position: rounded(position, 1) };
}

/** A sine over the day, 1 at `peakHour`, −1 twelve hours away from it. */
function daily(atMs: number, peakHour: number): number {
  return Math.cos(2 * Math.PI * (atMs / dayMs - peakHour / 24));
}

/** A bell of about two hours around `peakHour`. */
function rush(hour: number, peakHour: number): number {
  return Math.exp(-(((hour - peakHour) / 1.4) ** 2));
}

function clamped(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
