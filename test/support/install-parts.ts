/** Installs the real parts that tests run against, where that can be done; elsewhere says what to install. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { missingParts, PARTS } from './parts.js';

const missing = missingParts();
if (missing.length > 0) {
  const packages = [...new Set(missing.map(program => PARTS[program]))];
  const canInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (canInstall) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const run = (...words: string[]) =>
      spawnSync('apt-get', words, { stdio: ['ignore', 'ignore', 'inherit'], env });
    run('update', '-qq');
    run('install', '-y', '-qq', '--no-install-recommends', ...packages);
    // Debian starts what it installs, and a mosquitto of the system would take port 1883, which `npm start` wants.
    if (missing.includes('mosquitto') && existsSync('/run/systemd/system')) {
      spawnSync('systemctl', ['disable', '--now', 'mosquitto'], { stdio: 'ignore' });
    }
  }
  const still = missingParts();
  if (still.length > 0) {
    console.log(`not installed: ${still.join(', ')} (Debian: apt-get install ${packages.join(' ')})`);
    if (process.env.CI === 'true') process.exit(1);
  }
}
