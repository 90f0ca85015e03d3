/**
 * For long, to see what grows: the mean with bursts to the peak at every full hour. An hour here is an hour in life
 * at the default of four hours.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 4 * 3600;
const profile = {
  name: 'soak',
  shape: shapes.hours(4, seconds, 1, settings.peak),
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
