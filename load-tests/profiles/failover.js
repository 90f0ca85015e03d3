/**
 * The peak while somebody kills the primary and then makes another step down. Answers may be late, and are not held
 * against the objectives; none may be wrong and none may be missing in the end.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 180;
const profile = {
  name: 'failover',
  shape: shapes.steady(seconds, settings.peak),
  // An election takes up to 12 s with MongoDB's own settings, and what arrived meanwhile comes back in a wave.
  stallSeconds: 20,
  latency: false,
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
