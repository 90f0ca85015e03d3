/**
 * The peak while the migrator rebuilds an index, reshards, and chunks move. Answers may be late, and are not held
 * against the objectives; none may be wrong and none may be missing in the end.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 300;
const profile = {
  name: 'migration',
  shape: shapes.steady(seconds, settings.peak),
  // Resharding stops writes for up to 2 s at its end.
  stallSeconds: 10,
  latency: false,
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
