/** What is said in a call: payloads of the size and kind that voice platforms send, about 100 to 900 bytes. */

const SENTENCES = [
  'I would like to change the delivery address of my last order, please.',
  'Of course. May I have the order number first?',
  'It is four, four, one, nine, and then a B as in Berlin.',
  'Danke schön, und wie lange dauert die Überweisung nach Zürich?',
  'One moment, I am looking that up for you.',
  '请问明天上午有空的时间吗？',
  'The line is "very" noisy – could you repeat that?',
  'No.',
  'Merci, c’est parfait 👍',
  'Your appointment is on the third of March at a quarter past nine, in the main building on the second floor.',
];
const NOTES = ['dtmf', 'hold', 'resume', 'transfer', 'recording_ready', 'quality'];

/** Of ten events four are the caller's, four the bot's, two the platform's. */
export function event(random, number, timestamp) {
  const eventId = `e${String(number).padStart(4, '0')}`;
  const turn = random.next();
  if (turn < 0.2) {
    const payload = { note: random.pick(NOTES), jitterMs: random.between(0, 80), leg: { codec: 'opus', number: 1 } };
    return { eventId, type: 'system', payload, timestamp };
  }
  const sentences = [];
  for (let left = random.between(1, 6); left > 0; left -= 1) sentences.push(random.pick(SENTENCES));
  const transcript = sentences.join(' ');
  const payload =
    turn < 0.6
      ? { transcript, confidence: random.between(500, 999) / 1000, final: true, alternatives: [] }
      : { text: transcript, voice: 'neural-2', latencyMs: random.between(120, 900), intent: null };
  return { eventId, type: turn < 0.6 ? 'user_speech' : 'bot_speech', payload, timestamp };
}
