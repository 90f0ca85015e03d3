/** Chance that can be repeated: every call has a stream of its own, from the seed and its number. */

/**
 * A stream of numbers in [0, 1): Marsaglia's xorshift on 32 bits.
 * @param {...(number|string)} parts what makes this stream different from others
 */
export function stream(...parts) {
  let state = hash(parts.join('/')) || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  return {
    next,
    /** Whether something of this probability happens. */
    chance: (probability) => next() < probability,
    /** A whole number from `least` to `most`, both included. */
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    /** One of a list. */
    pick: (list) => list[Math.floor(next() * list.length)],
    /** Exponentially distributed: the pause until something that happens at random. */
    exponential: (mean) => -mean * Math.log(1 - next()),
  };
}

/** FNV-1a with a last mixing, so that streams of neighbouring numbers differ from the first value on. */
function hash(text) {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return (value ^ (value >>> 16)) >>> 0;
}
