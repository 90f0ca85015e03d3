/**
 * Out of nothing: from the mean to twice the peak within a twentieth of the time, as after an outage of another
 * provider, and back as fast.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 300;
const profile = {
  name: 'spike',
  shape: [
    ...shapes.steady(seconds * 0.3, 1),
    [seconds * 0.05, 2 * settings.peak],
    [seconds * 0.3, 2 * settings.peak],
    [seconds * 0.05, 1],
    [seconds * 0.3, 1],
  ],
  stallSeconds: 5,
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
