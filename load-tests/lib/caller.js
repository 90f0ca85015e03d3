/** Makes one call: takes its steps, holds every answer against what the contract says, and keeps the ledger. */
import { check, sleep } from 'k6';
import * as ledger from './ledger.js';
import { TRANSIENT, send } from './client.js';
import { settings } from './settings.js';

const ROUTE = '/v1/sessions';
/** What a first sending may be answered with; a replay only if an earlier attempt may have been the one that stored it. */
const isNew = ({ status, replayed, unknown }) => status === 201 || (status === 200 && replayed && unknown > 0);
const isReplay = ({ status, replayed }) => status === 200 && replayed;
const isError = (status, code) => (answer) => answer.status === status && answer.body.errorCode === code;
const ids = (events) => events.map(({ eventId }) => eventId).join();
const warns = ({ body }, code) => (body.warnings || []).some((warning) => warning.code === code);

export class Call {
  /**
   * @param random the call's own stream
   * @param {string} session its id
   * @param {string} language
   */
  constructor(random, session, language) {
    Object.assign(this, { random, session, language });
    this.path = `${ROUTE}/${session}`;
    /** The ids of acknowledged events. */
    this.kept = new Set();
    /** The ids of events whose outcome is not known. */
    this.doubtful = new Set();
    /** 'none', 'created', 'ended', or 'doubtful' when the outcome of a create or an end is not known. */
    this.state = 'none';
  }

  /** Takes the steps in turn; ends early when it is not known whether the session exists. */
  make(steps) {
    ledger.opened(this.session, this.language);
    for (const step of steps) {
      sleep(step.pause / settings.timeCompression);
      this[step.kind](step);
      if (this.state === 'none') break;
    }
    ledger.closed(this.session);
  }

  create({ repeat }) {
    const body = { sessionId: this.session, language: this.language, metadata: { channel: 'voice', seed: settings.seed } };
    const answer = this.send('POST', ROUTE, `POST ${ROUTE}`, { body });
    ledger.session('create', this.session, answer);
    if (answer.outcome === 'in doubt') return;
    check(answer, repeat
      ? { 'a repeated create is a replay': isReplay }
      : { 'a create is answered 201': isNew });
    if (answer.outcome === 'acknowledged') this.state = 'created';
  }

  append({ event, repeat, conflict, strict }) {
    if (repeat && !this.kept.has(event.eventId) && !this.doubtful.has(event.eventId)) return;
    // Whether it conflicts is known only once the first one is known to be stored.
    if (conflict && !this.kept.has(event.eventId)) return;
    const creates = this.state === 'none' ? `?createSession=true&language=${this.language}` : '';
    const options = { body: wire(event), strict };
    const answer = this.send('POST', `${this.path}/events${creates}`, `POST ${ROUTE}/{}/events`, options);
    const late = this.late();
    ledger.event(this.session, event, answer, { late, conflict });
    if (answer.outcome === 'in doubt') {
      if (!this.kept.has(event.eventId)) this.doubtful.add(event.eventId);
      return;
    }
    if (conflict) {
      check(answer, strict
        ? { 'other content is refused under strict handling': isError(422, 'EVENT_ID_MISMATCH') }
        : { 'other content is warned of': (answer) => isReplay(answer) && warns(answer, 'EVENT_ID_MISMATCH') });
      return;
    }
    if (this.kept.has(event.eventId)) {
      check(answer, { 'a repeated event is a replay': isReplay });
    } else if (!this.doubtful.has(event.eventId)) {
      check(answer, { 'an event is answered 201': isNew });
    }
    check(answer, { 'an event comes back as it was sent': (answer) => isSame(event, answer, late) });
    if (answer.outcome === 'acknowledged') {
      this.keep(event);
      if (creates) this.state = 'created';
    }
  }

  batch({ events }) {
    const isPartial = (body) => resultsOf(body).some((result) => TRANSIENT.includes(result.errorCode));
    const options = { body: { events: events.map(wire) }, isPartial };
    const answer = this.send('POST', `${this.path}/events/batch`, `POST ${ROUTE}/{}/events/batch`, options);
    const results = resultsOf(answer.body);
    events.forEach((event, index) => {
      const one = itemAnswer(answer, results[index]);
      ledger.event(this.session, event, one, { late: this.late() });
      if (one.outcome === 'acknowledged') this.keep(event);
      else if (one.outcome === 'in doubt') this.doubtful.add(event.eventId);
    });
    if (answer.outcome === 'in doubt') return;
    check(answer, {
      'a batch is answered 201': ({ status, unknown }) => status === 201 || (status === 200 && unknown > 0),
      'a batch has a result for each event': () => ids(results) === ids(events),
    });
  }

  end({ how, repeat, contradicts }) {
    if ((repeat || contradicts) && this.state !== 'ended') return;
    const answer = this.send('POST', `${this.path}/${how}`, `POST ${ROUTE}/{}/${how}`, {});
    const data = answer.body.data || {};
    ledger.session('end', this.session, answer, { how, contradicts: !!contradicts, endedAt: data.endedAt || null });
    if (answer.outcome === 'in doubt') {
      this.state = this.state === 'ended' ? 'ended' : 'doubtful';
      return;
    }
    if (contradicts) {
      check(answer, { 'another end is refused': isError(409, 'INVALID_TRANSITION') });
      return;
    }
    const first = this.endedAt;
    check(answer, {
      'an end is answered 200': ({ status }) => status === 200,
      'the first end stays': () => first === undefined || data.endedAt === first,
    });
    if (answer.outcome === 'acknowledged') Object.assign(this, { state: 'ended', endedAt: data.endedAt });
  }

  /** Reads its own session from beginning to end by cursor, and looks for everything that was acknowledged. */
  read() {
    const found = [];
    let cursor = '';
    while (cursor !== null) {
      const path = `${this.path}?limit=100&cursor=${encodeURIComponent(cursor)}`;
      const answer = this.send('GET', path, `GET ${ROUTE}/{}`);
      if (answer.outcome === 'in doubt') return;
      const isPage = check(answer, { 'a session is answered 200': ({ status }) => status === 200 });
      if (!isPage) return;
      found.push(...answer.body.data.events.map((event) => event.eventId));
      cursor = answer.body.data.pagination.nextCursor;
    }
    const ids = new Set(found);
    check(null, {
      'a caller reads what was acknowledged': () => [...this.kept].every((id) => ids.has(id)),
      'a caller reads no event twice': () => ids.size === found.length,
      'a caller reads nothing else': () => found.every((id) => this.kept.has(id) || this.doubtful.has(id)),
    });
  }

  send(method, path, name, options) {
    return send(this.random, method, path, name, options);
  }

  keep({ eventId }) {
    this.kept.add(eventId);
    this.doubtful.delete(eventId);
  }

  /** Whether an event that is sent now is late; null when that is not known. */
  late() {
    return this.state === 'doubtful' ? null : this.state === 'ended';
  }
}

/** An event as it is sent: the pause is the caller's own. */
const wire = ({ eventId, type, payload, timestamp }) => ({ eventId, type, payload, timestamp });

const resultsOf = (body) => (body.data && body.data.results) || [];

/** What the answer to a batch says of one of its events, as if it had been sent alone. */
function itemAnswer(answer, result) {
  if (answer.outcome !== 'acknowledged') return answer;
  const status = { appended: 201, replayed: 200 }[result && result.outcome];
  return status ? { ...answer, status } : { ...answer, status: 422, outcome: 'refused' };
}

function isSame(sent, { status, body }, late) {
  const stored = body.data;
  if (!stored) return false;
  const isTimed = sent.timestamp === undefined || stored.timestamp === sent.timestamp;
  // A replay may have been stored before the session ended.
  const isLate = status !== 201 || late === null || stored.late === late;
  return stored.eventId === sent.eventId && stored.type === sent.type && isTimed && isLate;
}
