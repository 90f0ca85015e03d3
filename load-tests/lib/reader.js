/** Somebody who looks at calls: lists sessions, opens one, and turns its pages. */
import { check } from 'k6';
import { send } from './client.js';

const ROUTE = '/v1/sessions';
const FILTERS = ['', '&status=active', '&status=completed', '&language=en-US', '&order=asc'];

/** One look; a fault that outlasts the retries ends it. */
export function look(random) {
  const filter = random.pick(FILTERS);
  const listed = send(random, 'GET', `${ROUTE}?limit=20${filter}`, `GET ${ROUTE}`);
  if (!check(listed, { 'a list is answered 200': ({ status }) => status === 200 })) return;
  const { sessions } = listed.body.data;
  check(sessions, { 'a list is in order': (sessions) => isOrdered(sessions, filter.includes('order=asc')) });
  if (sessions.length === 0) return;

  const path = `${ROUTE}/${random.pick(sessions).sessionId}/events?limit=25`;
  const page = random.between(1, 2);
  const answer = send(random, 'GET', `${path}&page=${page}`, `GET ${ROUTE}/{}/events`);
  if (!check(answer, { 'a page is answered 200': ({ status }) => status === 200 })) return;
  const { events, pagination } = answer.body.data;
  check(events, {
    'a page is in order': (events) => events.every((event, at) => at === 0 || precedes(events[at - 1], event)),
    // The total may have grown since the page was read: a page is no snapshot.
    'a page before the last is full': (events) => events.length === 25 || !pagination.hasMore,
  });
}

function isOrdered(sessions, ascending) {
  const starts = sessions.map(({ startedAt }) => startedAt);
  const sorted = starts.slice().sort();
  return starts.join() === (ascending ? sorted : sorted.reverse()).join();
}

/** The order of a session's events; no two are equal. */
function precedes(one, other) {
  if (one.timestamp !== other.timestamp) return one.timestamp < other.timestamp;
  return one.eventId < other.eventId;
}
