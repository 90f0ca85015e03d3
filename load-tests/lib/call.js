/**
 * A call as a list of steps, made before it begins and without asking the service anything.
 *
 * A step is `{ kind, pause, … }`; `pause` is in seconds of the call, before the step. Kinds:
 * `create`, `append` (an event, perhaps a `repeat` or a `conflict`), `batch` (events), `end` (`how`), `read`.
 */
import * as speech from './speech.js';

/** How often what happens; README.md has the table. */
export const SHARES = {
  hangsUp: 0.1, // calls of one to three events
  long: 0.1, // calls of three times the mean
  createsByAppend: 0.05, // the first event arrives before the session is created
  repeatsCreate: 0.02,
  repeatsEnd: 0.02,
  contradictsEnd: 0.01,
  neverEnds: 0.01,
  fails: 0.05,
  batches: 0.05, // steps that send 2 to 10 events in one request
  duplicates: 0.05, // events sent again, with the same content
  conflicts: 0.01, // events sent again, with another payload
  late: 0.02, // events sent after the end
  swaps: 0.03, // neighbours sent in the wrong order
  simultaneous: 0.05, // events with the timestamp of the one before
  untimed: 0.03, // events without a timestamp
  reads: 0.03, // the caller's own look back, after a step
};
/** Between two events of a call, in seconds. */
const MEAN_PAUSE = 6;

/** Seconds of life that a mean call takes. */
export const meanSeconds = (meanEvents) => meanEvents * MEAN_PAUSE;

/**
 * @param random the call's own stream
 * @param {number} meanEvents
 * @param {number} startedAt milliseconds of the epoch
 */
export function plan(random, meanEvents, startedAt) {
  const events = makeEvents(random, length(random, meanEvents), startedAt);
  const late = events.filter((event, at) => at > 0 && random.chance(SHARES.late));
  const timely = events.filter((event) => !late.includes(event));
  const steps = [...opening(random), ...appends(random, timely), ...ending(random)];
  const appended = late.flatMap((event) => [{ kind: 'append', pause: 1, event }, ...repeats(random, event)]);
  return [...steps, ...appended, { kind: 'read', pause: 0 }];
}

/** The mixture has the mean that was asked for: 10 % of 2, 10 % of 3 × mean, 80 % of what remains. */
function length(random, mean) {
  const kind = random.next();
  if (kind < SHARES.hangsUp) return random.between(1, 3);
  if (kind < SHARES.hangsUp + SHARES.long) return Math.round(mean * (2 + 2 * random.next()));
  const typical = (mean - SHARES.hangsUp * 2 - SHARES.long * 3 * mean) / (1 - SHARES.hangsUp - SHARES.long);
  return Math.max(1, Math.round(typical * (0.4 + 1.2 * random.next())));
}

function makeEvents(random, count, startedAt) {
  let at = 0;
  const events = [];
  for (let number = 0; number < count; number += 1) {
    const pause = random.chance(SHARES.simultaneous) ? 0 : random.exponential(MEAN_PAUSE);
    at += pause;
    const timestamp = random.chance(SHARES.untimed) ? undefined : new Date(startedAt + at * 1000).toISOString();
    events.push({ ...speech.event(random, number, timestamp), pause });
  }
  return events;
}

function opening(random) {
  if (random.chance(SHARES.createsByAppend)) return [];
  const create = { kind: 'create', pause: 0 };
  return random.chance(SHARES.repeatsCreate) ? [create, { ...create, repeat: true }] : [create];
}

function appends(random, events) {
  const order = events.slice();
  for (let at = 0; at + 1 < order.length; at += 1) {
    if (random.chance(SHARES.swaps)) [order[at], order[at + 1]] = [order[at + 1], order[at]];
  }
  const steps = [];
  while (order.length > 0) {
    const [first] = order;
    // The first event alone may create the session, so it is never part of a batch.
    if (steps.length > 0 && random.chance(SHARES.batches)) {
      const events = order.splice(0, random.between(2, 10));
      steps.push({ kind: 'batch', pause: first.pause, events });
      steps.push(...events.flatMap((event) => repeats(random, event)));
    } else {
      order.shift();
      steps.push({ kind: 'append', pause: first.pause, event: first }, ...repeats(random, first));
    }
    if (random.chance(SHARES.reads)) steps.push({ kind: 'read', pause: 0 });
  }
  return steps;
}

/** The same event again, as after a lost answer; or its id with other content, as from a client with a fault. */
function repeats(random, event) {
  const steps = [];
  if (random.chance(SHARES.duplicates)) steps.push({ kind: 'append', pause: 0.5, event, repeat: true });
  if (random.chance(SHARES.conflicts)) {
    const other = { ...event, payload: { ...event.payload, corrected: true } };
    steps.push({ kind: 'append', pause: 0.5, event: other, conflict: true, strict: random.chance(0.5) });
  }
  return steps;
}

function ending(random) {
  if (random.chance(SHARES.neverEnds)) return [];
  const how = random.chance(SHARES.fails) ? 'fail' : 'complete';
  const end = { kind: 'end', pause: 1, how };
  const steps = [end];
  if (random.chance(SHARES.repeatsEnd)) steps.push({ ...end, repeat: true });
  if (random.chance(SHARES.contradictsEnd)) {
    steps.push({ ...end, how: how === 'fail' ? 'complete' : 'fail', contradicts: true });
  }
  return steps;
}
