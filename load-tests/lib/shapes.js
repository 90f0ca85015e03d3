/**
 * The traffic of a profile over its time, as `[seconds, multiple]`: within so many seconds the rate goes evenly to this
 * multiple of the mean rate of the day. Nothing here knows k6.
 */

/** The share of an hour that the burst at its beginning takes: calls are booked for the full hour. */
const BURST = 0.1;

/** The same rate throughout. */
export const steady = (seconds, multiple) => [
  [0, multiple],
  [seconds, multiple],
];

/** Some hours, compressed into the time there is, each beginning with a burst. */
export function hours(count, seconds, multiple, burst) {
  const hour = seconds / count;
  const one = [
    [0, burst],
    [hour * BURST, burst],
    [0, multiple],
    [hour * (1 - BURST), multiple],
  ];
  return Array.from({ length: count }, () => one).flat();
}

/** Rises to each multiple in turn, and stays there as long as the rise took. */
export const steps = (seconds, multiples) =>
  multiples.flatMap((multiple) => [
    [seconds / multiples.length / 2, multiple],
    [seconds / multiples.length / 2, multiple],
  ]);

/** An even rise from nothing. */
export const ramp = (seconds, multiple) => [
  [0, 0],
  [seconds, multiple],
];

/** The highest multiple. */
export const highest = (shape) => Math.max(...shape.map(([, multiple]) => multiple));

export const totalSeconds = (shape) => shape.reduce((sum, [seconds]) => sum + seconds, 0);

/** The multiple that is reached after so many seconds. */
export function after(shape, seconds) {
  let [from, begun] = [0, 0];
  for (const [length, multiple] of shape) {
    if (seconds < begun + length) return from + ((multiple - from) * (seconds - begun)) / length;
    [from, begun] = [multiple, begun + length];
  }
  return from;
}
