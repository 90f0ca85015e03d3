/** The end of a run in three forms: JSON for programs, JUnit for pipelines, Markdown for people. */
import { settings } from './settings.js';
import { after, highest, totalSeconds } from './shapes.js';

/** What k6 calls at the end; the files are `PROFILE.json`, `PROFILE.xml`, `PROFILE.md` in `SUMMARY_DIR`. */
export function summarise({ name, shape }, data) {
  const report = reportOf(name, shape, data);
  const file = (extension) => `${settings.summaryDir}/${name}.${extension}`;
  return {
    stdout: `${markdown(report)}\n`,
    [file('json')]: `${JSON.stringify(report, null, 2)}\n`,
    [file('xml')]: junit(report),
    [file('md')]: `${markdown(report)}\n`,
  };
}

/** The machine-readable report, from which the others are made. */
function reportOf(name, shape, data) {
  const metrics = {};
  const judged = [];
  for (const [metric, { values, thresholds = {} }] of Object.entries(data.metrics)) {
    metrics[metric] = values;
    for (const [threshold, { ok }] of Object.entries(thresholds)) judged.push({ metric, threshold, ok });
  }
  const checks = data.root_group.checks.map(({ name, passes, fails }) => ({ name, passes, fails }));
  const seconds = data.state.testRunDurationMs / 1000;
  const endedEarly = seconds < totalSeconds(shape);
  const { sessionsPerDay, peak, timeCompression, meanEvents, readersPerCall, seed, latencyFactor } = settings;
  return {
    profile: name,
    passed: judged.every(({ ok }) => ok) && checks.every(({ fails }) => fails === 0),
    run: data.setup_data.run,
    seconds,
    reachedSessionsPerDay: endedEarly ? sessionsPerDay * after(shape, seconds) : null,
    settings: { sessionsPerDay, peak, timeCompression, meanEvents, readersPerCall, seed, latencyFactor },
    shape: { seconds: totalSeconds(shape), highestMultiple: highest(shape) },
    thresholds: judged,
    checks,
    metrics,
  };
}

const count = (report, metric) => (report.metrics[metric] ? report.metrics[metric].count : 0);
const round = (value) => (value === undefined ? '' : Math.round(value * 10) / 10);
const verdict = (ok) => (ok ? 'held' : '**missed**');

function markdown(report) {
  const { settings, shape, reachedSessionsPerDay: reached } = report;
  const failed = report.checks.filter(({ fails }) => fails > 0);
  const perSecond = round(count(report, 'http_reqs') / report.seconds);
  const totals = ['iterations', 'http_reqs', 'retries', 'given_up', 'dropped_iterations'].map((name) => count(report, name));
  return [
    `# ${report.profile}: ${report.passed ? 'passed' : 'FAILED'}`,
    '',
    `${settings.sessionsPerDay} sessions per day at the mean, up to ${shape.highestMultiple} times that, for ` +
      `${round(shape.seconds)} s. Events per call: ${settings.meanEvents}. Pauses: 1/${settings.timeCompression} of life. ` +
      `Seed ${settings.seed}, run ${report.run}.`,
    ...(reached === null ? [] : ['', `Ended early, at a rate of ${round(reached)} sessions per day.`]),
    '',
    '| Iterations | Requests | Retries | Given up | Dropped | Requests a second |',
    '| ---: | ---: | ---: | ---: | ---: | ---: |',
    `| ${[...totals, perSecond].join(' | ')} |`,
    '',
    '| Threshold | | |',
    '| --- | --- | --- |',
    ...report.thresholds.map(({ metric, threshold, ok }) => `| \`${metric}\` | \`${threshold}\` | ${verdict(ok)} |`),
    '',
    ...latencies(report),
    ...failed.map(({ name, passes, fails }) => `Not always so: ${name} (${fails} of ${passes + fails} failed).`),
  ].join('\n');
}

function latencies({ metrics }) {
  const prefix = 'http_req_duration{name:';
  const routes = Object.keys(metrics).filter((metric) => metric.startsWith(prefix));
  if (routes.length === 0) return [];
  const row = (metric) => {
    const { count, med, max, 'p(95)': p95, 'p(99)': p99 } = metrics[metric];
    return `| \`${metric.slice(prefix.length, -1)}\` | ${[count, med, p95, p99, max].map(round).join(' | ')} |`;
  };
  const head = ['| Milliseconds | Requests | Median | p95 | p99 | Longest |', '| --- | ---: | ---: | ---: | ---: | ---: |'];
  return [...head, ...routes.map(row)];
}

function junit(report) {
  const cases = [
    ...report.thresholds.map(({ metric, threshold, ok }) => [`${metric} ${threshold}`, ok ? null : 'missed']),
    ...report.checks.map(({ name, passes, fails }) => [name, fails === 0 ? null : `${fails} of ${passes + fails} failed`]),
  ];
  const failures = cases.filter(([, fault]) => fault !== null).length;
  const lines = cases.map(([name, fault]) => {
    const head = `    <testcase classname="${escape(report.profile)}" name="${escape(name)}"`;
    return fault === null ? `${head}/>` : `${head}><failure message="${escape(fault)}"/></testcase>`;
  });
  const totals = `tests="${cases.length}" failures="${failures}" time="${report.seconds.toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${totals}>`,
    `  <testsuite name="${escape(report.profile)}" ${totals}>`,
    ...lines,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
