/**
 * More than was planned for: the peak, twice and three times the peak, and back, to see it recover.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 900;
const profile = {
  name: 'stress',
  shape: shapes.steps(seconds, [1, 2, 3, 1].map((multiple) => multiple * settings.peak)),
  stallSeconds: 5,
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
