/**
 * The busiest hours of the day: `PEAK` times the mean, and half as much again in the bursts at the full hour.
 * Three hours in ten minutes.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 600;
const profile = {
  name: 'load',
  shape: shapes.hours(3, seconds, settings.peak, 1.5 * settings.peak),
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
