/**
 * The peak while Redis is killed and comes back, for a service that was given one. A cache is a help and never a
 * condition: the objectives hold throughout.
 */
import { options as optionsOf } from '../lib/profile.js';
import { settings } from '../lib/settings.js';
import * as shapes from '../lib/shapes.js';
import { summarise } from '../lib/summary.js';

export { calls, readers, setup } from '../lib/scenarios.js';

const seconds = settings.duration || 180;
const profile = {
  name: 'redis-down',
  shape: shapes.steady(seconds, settings.peak),
  stallSeconds: 5,
};

export const options = optionsOf(profile);
export const handleSummary = (data) => summarise(profile, data);
