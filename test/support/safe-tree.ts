/** A root that asks everybody who he is, over TLS, in a process of its own; and children that join it as a person would have them join. */
import assert from 'node:assert/strict';
import { canopy, type Outcome } from './cli.js';
import { NodeProcess, QUICK, type Settings, startRoot } from './nodes.js';
import { Sandbox, type Scope } from './sandbox.js';
import { freePort, until } from './wait.js';

export const TARGET = 'sleep 1000';
const SAFE: Settings = { auth: 'required', tls: true, rest_tls: true };
const SLOW_MS = 30_000;

export interface SafeRoot {
  readonly box: Sandbox;
  readonly root: NodeProcess;
  /** Of an admin. */
  readonly token: string;
  /** `canopy …` at the root, by its settings. */
  local(...words: string[]): Promise<Outcome>;
  /** `canopy …` by no settings. */
  run(...words: string[]): Promise<Outcome>;
  /** `canopy …` over REST, with the admin's token. */
  ask(...words: string[]): Promise<Outcome>;
  /** A join token. */
  enrol(name: string, is?: Kind): Promise<string>;
  /** Of what `enrol` has given out, by name. */
  readonly joinTokens: ReadonlyMap<string, string>;
  /** A node as REST shows it; empty where there is none. */
  seen(path: string): Promise<Record<string, unknown>>;
  /** Joined, running, and seen as up. A relay has a plain broker of its own on the loopback address. */
  child(name: string, is?: Kind): Promise<NodeProcess>;
}
type Kind = 'leaf' | 'relay';

/** `where`: a box, or the test whose end is that of its own. */
export async function safeRoot(where: Scope | Sandbox, more: Settings = {}): Promise<SafeRoot> {
  const box = where instanceof Sandbox ? where : new Sandbox(where);
  const settings = { role: 'root', name: 'root', data_dir: box.path('root'), ...QUICK, ...SAFE, ...more };
  const root = await startRoot(box, { ...settings, port: await freePort(), rest_port: await freePort() });
  const run = (...words: string[]): Promise<Outcome> => canopy(box, words, {}, SLOW_MS);
  const local = (...words: string[]): Promise<Outcome> =>
    canopy(box, words, variablesOf(root.settings), SLOW_MS);
  const token = await printed(local('token', 'create', '--role', 'admin', '--name', 'me'));
  const there = ['--json', '--url', `https://localhost:${root.settings.rest_port}`];
  const ask = (...words: string[]): Promise<Outcome> =>
    canopy(
      box,
      ['--ca', box.path('root', 'pki', 'ca.crt'), ...words, ...there],
      { CANOPY_TOKEN: token },
      SLOW_MS,
    );
  const url = `mqtts://localhost:${root.port}`;
  const joinTokens = new Map<string, string>();
  const enrol = async (name: string, is: Kind = 'leaf'): Promise<string> => {
    const text = await printed(local('enroll', name, ...(is === 'leaf' ? ['--leaf'] : []), '--url', url));
    joinTokens.set(name, text);
    return text;
  };
  const seen = async (path: string): Promise<Record<string, unknown>> => {
    const { stdout } = await ask('get', path);
    return stdout.startsWith('{') ? JSON.parse(stdout) : {};
  };
  const child = async (name: string, is: Kind = 'leaf'): Promise<NodeProcess> => {
    const own: Settings =
      is === 'leaf' ? { target: TARGET } : { port: 0, timeout: root.settings.timeout ?? QUICK.timeout };
    const set = is === 'leaf' ? ['--set', `target=${TARGET}`] : [];
    await printed(run('join', await enrol(name, is), '.', ...set));
    const node = await NodeProcess.start(box, {
      role: is,
      name,
      parent_url: url,
      data_dir: box.path('data', name),
      hb_interval: QUICK.hb_interval,
      ...own,
    });
    await until(async () => (await seen(name)).status === 'up', 20_000, `${name} is up`);
    return node;
  };
  return { box, root, token, local, run, ask, enrol, joinTokens, seen, child };
}

const variablesOf = (given: Settings): Record<string, string> =>
  Object.fromEntries(
    Object.entries(given).map(([key, value]) => [`CANOPY_${key.toUpperCase()}`, String(value)]),
  );

async function printed(ran: Promise<Outcome>): Promise<string> {
  const { code, stdout, stderr } = await ran;
  assert.equal(code, 0, stderr);
  return stdout.trim();
}
