/** What must hold. Those of correctness are in force in every run; those of latency are the objectives of README.md. */
import { settings } from './settings.js';

/** Milliseconds at the 99th percentile, by route, measured by the client. */
const OBJECTIVES = {
  // A caller who waits for a session hears silence: 99 of 100 are created within 150 ms.
  'POST /v1/sessions': 150,
  // A bot reads back what it wrote before it answers: 99 of 100 events are stored within 150 ms.
  'POST /v1/sessions/{}/events': 150,
  // Up to 10 events at once may take twice as long as one.
  'POST /v1/sessions/{}/events/batch': 300,
  // Hanging up is not waited for, but workers are: 99 of 100 ends within 150 ms.
  'POST /v1/sessions/{}/complete': 150,
  // An agent who opens a call sees its first 100 events within 200 ms.
  'GET /v1/sessions/{}': 200,
  'GET /v1/sessions/{}/events': 200,
  // A page of 20 sessions on a screen within 300 ms.
  'GET /v1/sessions': 300,
};

/**
 * @param {{ breaks: boolean, latency: boolean }} which `breaks`: whether a missed objective ends the run, as it does in
 *   search of the breaking point; `latency`: whether those of latency are in force
 */
export function thresholds({ breaks, latency }) {
  const always = {
    // Every answer was what the contract says.
    checks: ['rate==1'],
    // The load was offered as stated: no call waited for a virtual user.
    dropped_iterations: [{ threshold: 'count==0', abortOnFail: breaks }],
    // No 500 and nothing else that a client should never see.
    unexpected_answers: ['count==0'],
    // Every request was acknowledged or refused in the end.
    given_up: ['count==0'],
  };
  if (!latency || settings.latencyFactor === 0) return always;
  const objectives = Object.entries(OBJECTIVES).map(([name, milliseconds]) => {
    const threshold = `p(99)<${milliseconds * settings.latencyFactor}`;
    // The first answers of a cold start say nothing about the breaking point.
    const entry = breaks ? { threshold, abortOnFail: true, delayAbortEval: '10s' } : threshold;
    return [`http_req_duration{name:${name}}`, [entry]];
  });
  return { ...always, ...Object.fromEntries(objectives) };
}
