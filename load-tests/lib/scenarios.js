/** What every profile does: calls that are made, and calls that are looked at. */
import exec from 'k6/execution';
import * as call from './call.js';
import { Call } from './caller.js';
import { look } from './reader.js';
import * as random from './random.js';
import { settings } from './settings.js';

const LANGUAGES = ['en-US', 'en-GB', 'de-DE', 'fr', 'zh-Hans', 'pt-BR'];

/** The run's id, the same for all virtual users of this process. */
export function setup() {
  return { run: settings.runId };
}

/** One call. */
export function calls({ run }) {
  // Unique among all k6 processes that share a test by execution segments.
  const number = exec.scenario.iterationInTest;
  const chance = random.stream(settings.seed, 'call', number);
  const steps = call.plan(chance, settings.meanEvents, Date.now());
  new Call(chance, `k6-${run}-${number}`, chance.pick(LANGUAGES)).make(steps);
}

/** One look at what is there. */
export function readers() {
  look(random.stream(settings.seed, 'reader', exec.scenario.iterationInTest));
}
