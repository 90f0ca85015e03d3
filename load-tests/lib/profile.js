/** From a shape of traffic to k6's options: arrival rates, virtual users, thresholds. */
import { meanSeconds } from './call.js';
import { settings } from './settings.js';
import { highest } from './shapes.js';
import { thresholds } from './thresholds.js';

const DAY = 86400;
/** How much longer than its mean the sum of all calls in progress may be, for calls of uneven length. */
const SPREAD = 1.5;
/** Virtual users beyond that: a few long calls weigh much where the rate is low. */
const RESERVE = 20;

/**
 * The rate is stated as it is meant, in sessions per day. A call that finds no free virtual user is dropped, also when
 * k6 could make one then: so all that are needed are made before the beginning.
 *
 * @param {{ name: string, shape: number[][], stallSeconds?: number, breaks?: boolean, latency?: boolean }} profile
 *   `stallSeconds`: how long an answer may take at worst, during which calls pile up; `STALL_SECONDS` says otherwise.
 *   `breaks`: whether it goes on until an objective is missed.
 *   `latency`: whether the objectives of latency are in force.
 */
export function options({ name, shape, stallSeconds = 2, breaks = false, latency = true }) {
  const stall = settings.stallSeconds === undefined ? stallSeconds : settings.stallSeconds;
  const callSeconds = meanSeconds(settings.meanEvents) / settings.timeCompression;
  const scenario = (exec, perCall, seconds) => {
    const perSecond = (settings.sessionsPerDay / DAY) * perCall * highest(shape);
    return {
      executor: 'ramping-arrival-rate',
      exec,
      timeUnit: '24h',
      startRate: 0,
      stages: shape.map(([length, multiple]) => ({
        duration: `${Math.round(length * 1000)}ms`,
        target: Math.round(settings.sessionsPerDay * perCall * multiple),
      })),
      preAllocatedVUs: Math.ceil(perSecond * seconds * SPREAD) + RESERVE,
      // A call that has begun is finished: its last events are what the auditor looks for.
      gracefulStop: `${settings.retryFor + 60}s`,
    };
  };
  const scenarios = { calls: scenario('calls', 1, callSeconds + stall) };
  if (settings.readersPerCall > 0) {
    scenarios.readers = scenario('readers', settings.readersPerCall, stall);
  }
  return {
    scenarios,
    thresholds: thresholds({ breaks, latency }),
    tags: { profile: name },
    summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max', 'count'],
    // Without `url`, of which there are as many as sessions.
    systemTags: ['status', 'method', 'name', 'group', 'check', 'scenario', 'expected_response', 'error_code'],
  };
}
