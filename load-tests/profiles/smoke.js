/**
 * Does everything work? The mean rate for a minute; the first thing to run against a new deployment.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 60;
const profile = {
  name: 'smoke',
  shape: shapes.steady(seconds, 1),
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
