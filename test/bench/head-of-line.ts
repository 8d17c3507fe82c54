/**
 * The head-of-line test of the notes: a follower frozen for 15 s, heartbeats at 50 a second over the same broker.
 * `node dist/test/bench/head-of-line.js`
 */
import { headOfLine } from '../support/head-of-line.js';
import { Sandbox } from '../support/sandbox.js';

const ends: (() => Promise<void>)[] = [];
const box = new Sandbox({ after: end => void ends.push(end) });
try {
  const { due, delivered, longestGapMs, memory, others } = await headOfLine(box, 15_000);
  console.log(`heartbeats delivered  ${delivered} of ${due} (${((100 * delivered) / due).toFixed(1)} %)`);
  console.log(`longest gap           ${longestGapMs} ms`);
  console.log(`broker's memory       ${(memory / 1e6).toFixed(0)} MB`);
  console.log(`another follower got  ${others} lines meanwhile`);
} finally {
  for (const end of ends) await end();
}
