/**
 * What was sent and what was answered, a line of JSON each, for the auditor.
 *
 * Lines go through `console.log`: `k6 run --console-output=FILE` keeps them apart from k6's own log. Every k6 process
 * writes a file of its own; the auditor reads them together. A call begins with `call` and ends with `closed`; one
 * without `closed` was interrupted, and its last request may be missing.
 */
import crypto from 'k6/crypto';

const write = (line) => console.log(JSON.stringify(line));

export const opened = (session, language) => write({ kind: 'call', session, language });
export const closed = (session) => write({ kind: 'closed', session });

/** A create or an end. */
export function session(kind, session, answer, more = {}) {
  write({ kind, session, ...outcome(answer), ...more });
}

/**
 * One sending of one event.
 * @param {boolean|null} late whether it was sent after the acknowledged end; null when that cannot be known
 */
export function event(session, sent, answer, { late, conflict = false }) {
  const { eventId, type, payload, timestamp } = sent;
  const digest = crypto.sha256(canonical(payload), 'hex');
  const at = timestamp === undefined ? null : timestamp;
  write({ kind: 'event', session, event: eventId, type, digest, timestamp: at, late, conflict, ...outcome(answer) });
}

const outcome = ({ outcome, status, attempts, unknown }) => ({ outcome, status, attempts, unknown });

/** JSON with sorted keys and no spaces, so that equal content has an equal digest. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}
