/** What a person has at hand: mosquitto_sub and mosquitto_pub, as real processes. */
import { spawn } from 'node:child_process';
import type { Sandbox } from './sandbox.js';
import { until } from './wait.js';

export interface Received {
  readonly topic: string;
  readonly retain: boolean;
  readonly text: string;
  /** The payload where it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever came; the tests say what it should be
  readonly json: any;
  /** Date.now() when it was printed. */
  readonly at: number;
}

/** A running mosquitto_sub. */
export class Tap {
  readonly messages: Received[] = [];

  /** Resolves when the broker has granted the subscription. */
  static open(box: Sandbox, port: number, ...filters: string[]): Promise<Tap> {
    return Tap.openAs(box, port, [], ...filters);
  }

  /** `who`: `-u NAME -P SECRET` and the like. */
  static async openAs(
    box: Sandbox,
    port: number,
    who: readonly string[],
    ...filters: string[]
  ): Promise<Tap> {
    const tap = new Tap();
    let output = '';
    let rest = '';
    const asked = filters.flatMap(it => ['-t', it]);
    const words = ['-p', String(port), '-d', '-q', '1', '-F', '%j', ...who, ...asked];
    // By lines: into a pipe it would keep its word of the subscription until a first message comes.
    const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...words], {
      env: box.env(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('{')) tap.messages.push(parse(line));
        else output += `${line}\n`;
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await until(() => {
      if (child.exitCode !== null) throw new Error(`mosquitto_sub ended: ${output}`);
      return output.includes('Subscribed (mid');
    });
    return tap;
  }

  on(topic: string): Received[] {
    return this.messages.filter(message => message.topic === topic);
  }

  /** The first message that fits, now or by the deadline. */
  async first(fits: (message: Received, at: number) => boolean, deadlineMs = 5000): Promise<Received> {
    try {
      return await until(() => this.messages.find(fits), deadlineMs, `a message with ${fits}`);
    } catch (error) {
      const seen = this.messages.slice(-10).map(({ topic, text }) => `\n${topic} ${text}`);
      throw new Error(`${(error as Error).message}; last seen:${seen}`);
    }
  }
}

function parse(line: string): Received {
  const {
    topic,
    retain,
    payload = '',
  } = JSON.parse(line) as {
    topic: string;
    retain: number;
    payload?: string;
  };
  let json: unknown = null;
  try {
    json = JSON.parse(payload);
  } catch {
    // plain words
  }
  return { topic, retain: retain === 1, text: payload, json, at: Date.now() };
}

/** `mosquitto_pub -q 1`: resolves when the broker has taken it. */
export async function publish(
  port: number,
  topic: string,
  payload: string,
  ...more: string[]
): Promise<void> {
  const words = ['-p', String(port), '-q', '1', '-t', topic, '-m', payload, ...more];
  const child = spawn('mosquitto_pub', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem += text;
  });
  const code = await new Promise(resolve => child.once('close', resolve));
  if (code !== 0) throw new Error(`mosquitto_pub ended with ${code}: ${problem}`);
}
