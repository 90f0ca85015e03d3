/**
 * What can be set, read once from the environment (`NAME=VALUE k6 run …` or `-e NAME=VALUE`).
 * README.md has the table; a value that cannot be used ends the run before the first request.
 */

const faults = [];

/** A finite number within bounds. */
function number(name, fallback, least, most) {
  const text = __ENV[name];
  const value = text ? Number(text) : fallback;
  if (!Number.isFinite(value) || value < least || value > most) {
    faults.push(`${name} is ${JSON.stringify(text)}: give a number from ${least} to ${most}`);
  }
  return value;
}

/** Seconds from `90`, `90s`, `10m`, `4h` or `2d`; undefined when it is not set. */
function seconds(name) {
  const text = __ENV[name];
  if (!text) return undefined;
  const parts = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  if (!parts || Number(parts[1]) <= 0) {
    faults.push(`${name} is ${JSON.stringify(text)}: give a time such as 90s, 10m, 4h or 2d`);
    return undefined;
  }
  return Number(parts[1]) * { '': 1, s: 1, m: 60, h: 3600, d: 86400 }[parts[2]];
}

function text(name, fallback, pattern, expected) {
  const value = __ENV[name] || fallback;
  if (!pattern.test(value)) faults.push(`${name} is ${JSON.stringify(value)}: give ${expected}`);
  return value;
}

export const settings = {
  /** Where the service is; several are taken in turn, as behind a balancer, and the next one is tried on a retry. */
  baseUrls: text('BASE_URL', 'http://127.0.0.1:3000', /^https?:\/\/[^,]+(,https?:\/\/[^,]+)*$/, 'URLs with commas between')
    .split(',')
    .map((url) => url.replace(/\/+$/, '')),
  /** The mean of the day that is modelled. */
  sessionsPerDay: number('SESSIONS_PER_DAY', 1e6, 1, 1e12),
  /** How the busiest hour compares with the mean. */
  peak: number('PEAK', 4, 1, 100),
  /** How long the profile lasts, in seconds; each profile has its own default. */
  duration: seconds('DURATION'),
  /** How much faster than life the pauses within a call pass. 1 needs a virtual user for each call in progress. */
  timeCompression: number('TIME_COMPRESSION', 60, 1, 1e6),
  /** The mean number of events of a call. */
  meanEvents: number('MEAN_EVENTS', 20, 2, 400),
  /** Readers (a list, then one session in pages) for each call. */
  readersPerCall: number('READERS_PER_CALL', 0.5, 0, 100),
  /** The same seed and number of a call give the same call. */
  seed: number('SEED', 1, 0, 2 ** 32 - 1),
  /** Part of every session id. Give one when several k6 processes share a run; else it is the time of the start. */
  runId: text('RUN_ID', `${Date.now().toString(36)}`, /^[A-Za-z0-9_.-]{1,32}$/, '1 to 32 of A–Z a–z 0–9 _ . -'),
  /** How long one request may take, in seconds, as a voice platform would wait. */
  requestTimeout: number('REQUEST_TIMEOUT', 10, 0.1, 300),
  /** How long one request is repeated, in seconds, before its outcome is written down as in doubt. */
  retryFor: number('RETRY_FOR', 60, 0, 3600),
  /** How long an answer may take at worst, in seconds, before calls pile up beyond the virtual users that are made. */
  stallSeconds: __ENV.STALL_SECONDS ? number('STALL_SECONDS', 0, 0, 3600) : undefined,
  /** Multiplies every latency objective; 0 leaves them out, for machines that are shared. */
  latencyFactor: number('LATENCY_FACTOR', 1, 0, 1000),
  /** Where the three summaries go; the folder must exist. */
  summaryDir: text('SUMMARY_DIR', '.', /./, 'a folder'),
};

if (faults.length > 0) {
  throw new Error(`the settings cannot be used:\n${faults.join('\n')}`);
}
