/**
 * How much can it take? An even rise to 20 times the peak that ends at the first objective that is missed. That
 * k6 then ends with status 99 is the finding; the summary says at which threshold.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 1200;
const profile = {
  name: 'breakpoint',
  shape: shapes.ramp(seconds, 20 * settings.peak),
  breaks: true,
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
