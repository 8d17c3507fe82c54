/** Targets, launched here or by a launcher that is killed. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type LaunchOptions, launchTarget } from '../../../src/process/launch.js';
import { MARK, markedProcesses } from '../../../src/process/marked.js';
import { signalTarget } from '../../../src/process/reach.js';
import { signalProcess } from '../../../src/process/signals.js';
import type { RunningProcess } from '../../../src/process/spawn.js';
import { lives } from '../../../src/process/stat.js';
import { compiled, oneFile, program, workDir } from './support.js';

/** Even in the moment before it has a session of its own. */
export const reach = signalTarget;

export const children = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

export class Place {
  private readonly launched: number[] = [];

  private constructor(
    readonly dir: string,
    readonly mark: string,
  ) {}

  /** What was started in it is ended after the test. */
  static async open(t: TestContext): Promise<Place> {
    const place = new Place(await workDir(t), randomUUID());
    t.after(() => {
      // One that is started may not have become the target yet, and bears no mark then.
      const all = [...place.launched, ...(markedProcesses(place.mark) ?? [])];
      for (const pid of all.filter(lives)) signalProcess(pid, 'SIGKILL');
    });
    return place;
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, [MARK]: this.mark };
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  text(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  async launch(words: string[], more: Partial<LaunchOptions> = {}): Promise<RunningProcess> {
    const target = await launchTarget({
      words,
      dataDir: this.dir,
      env: this.env,
      output: oneFile(this.path('target.log')),
      ...more,
    });
    this.launched.push(target.pid);
    return target;
  }

  /** Launched by another process that is then killed -9. */
  async orphan(words: string[]): Promise<{ pid: number; group: number }> {
    const file = program('launcher');
    const args = [file, compiled('src/process/launch.js'), this.dir, ...words];
    const launcher = spawn(process.execPath, args, { env: this.env, stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve, reject) => {
      launcher.stdout.once('data', data => resolve(String(data)));
      launcher.once('exit', code => reject(new Error(`the launcher ended with ${code}`)));
    });
    launcher.removeAllListeners('exit');
    const ended = new Promise(resolve => launcher.once('exit', resolve));
    launcher.kill('SIGKILL');
    await ended;
    const [, pid = 0, group = 0] = line.trim().split(' ').map(Number);
    return { pid, group };
  }
}
