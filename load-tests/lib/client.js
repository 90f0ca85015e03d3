/** Requests as a careful client sends them: repeated with the same ids until there is an answer that counts. */
import { sleep } from 'k6';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { settings } from './settings.js';

export const retries = new Counter('retries');
/** Answers that no client should see, whatever the store is at. */
export const unexpected = new Counter('unexpected_answers');
/** Requests that were given up without an acknowledgement. */
export const givenUp = new Counter('given_up');

/** Errors that say that nothing was written; any other answer to a repeatable request leaves that open. */
const NOT_WRITTEN = ['STORE_UNAVAILABLE', 'OVERLOADED', 'RATE_LIMIT_EXCEEDED'];
/** Errors that pass: one event of a batch may have one while the others are stored. */
export const TRANSIENT = [...NOT_WRITTEN, 'OUTCOME_UNKNOWN', 'DEADLINE_EXCEEDED'];
const FIRST_BACKOFF = 0.1;
const LONGEST_BACKOFF = 5;

// 409 and 422 are answers that some steps ask for; the checks tell where they are in place.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 409, 422));

/**
 * @typedef {object} Answer
 * @property {'acknowledged'|'refused'|'in doubt'} outcome
 * @property {number} status of the last attempt; 0 when it got no answer
 * @property {object} body parsed; empty when there is none
 * @property {boolean} replayed
 * @property {number} attempts
 * @property {number} unknown attempts after which the write may have been made or not
 */

/**
 * Sends a request until it is acknowledged or refused, or for `RETRY_FOR` seconds.
 * @param {string} name the route, by which metrics are kept apart
 * @param {{ body?: object, strict?: boolean, isPartial?: (body: object) => boolean }} [options] `isPartial` tells from an
 *   acknowledgement that part of it failed for now, so that the whole is sent again
 * @returns {Answer}
 */
export function send(random, method, path, name, options = {}) {
  const payload = options.body === undefined ? null : JSON.stringify(options.body);
  const headers = { 'Content-Type': 'application/json' };
  if (options.strict) headers.Prefer = 'handling=strict';
  const parameters = { headers, tags: { name }, timeout: `${settings.requestTimeout}s` };
  const giveUp = Date.now() + settings.retryFor * 1000;
  const first = random.between(0, settings.baseUrls.length - 1);

  let unknown = 0;
  for (let attempts = 1; ; attempts += 1) {
    const url = settings.baseUrls[(first + attempts - 1) % settings.baseUrls.length] + path;
    const response = http.request(method, url, payload, parameters);
    const answer = read(response, attempts, unknown);
    if (options.isPartial && options.isPartial(answer.body)) answer.outcome = 'in doubt';
    if (answer.outcome !== 'in doubt') return answer;
    if (!NOT_WRITTEN.includes(answer.body.errorCode)) unknown += 1;
    const backoff = Math.min(FIRST_BACKOFF * 2 ** (attempts - 1), LONGEST_BACKOFF) * (0.5 + random.next());
    const pause = Math.max(backoff, Number(response.headers['Retry-After']) || 0);
    if (Date.now() + pause * 1000 > giveUp) {
      givenUp.add(1, { name });
      return { ...answer, unknown };
    }
    retries.add(1, { name });
    sleep(pause);
  }
}

function read(response, attempts, unknown) {
  const { status, headers } = response;
  const body = parse(response.body);
  const answer = { status, body, replayed: headers['Idempotent-Replayed'] === 'true', attempts, unknown };
  if (status >= 200 && status < 300) return { ...answer, outcome: 'acknowledged' };
  const repeatable = status === 0 || status === 429 || status >= 500;
  if (repeatable && headers['X-Should-Retry'] !== 'false') {
    if (![0, 429, 502, 503, 504].includes(status)) unexpected.add(1, { status: String(status) });
    return { ...answer, outcome: 'in doubt' };
  }
  return { ...answer, outcome: 'refused' };
}

function parse(text) {
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch (_) {
    return {}; // An ingress answers 502 in HTML.
  }
}
