/** Values of an alerts file that may be secrets: written in it, or named as a variable or a file. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Findings } from './problems.js';
import type { Spot, YamlReader } from './yaml-reader.js';

const MOST_BYTES = 64 * 1024;

export class SecretReader {
  /** Where secrets stand in the file itself. */
  readonly inline: string[] = [];

  constructor(
    private readonly file: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly findings: Findings,
    private readonly reader: YamlReader,
  ) {}

  /** The text itself, or that of `{ env: NAME }` or `{ file: path }`; null, reported without its text, where there is none. */
  read(spot: Spot, expected: string, isSecret: (text: string) => boolean): string | null {
    if (!this.reader.isMap(spot)) {
      const text = this.reader.text(spot, `${expected}, or env: or file: of where it is`);
      if (text !== null && isSecret(text)) this.inline.push(spot.where);
      return text;
    }
    const fields = this.reader.fields(spot, expected, ['env', 'file']);
    const [env, file] = [fields?.get('env'), fields?.get('file')];
    if (!env === !file)
      return this.reader.wrong(spot, `${expected}: env: a variable, or file: a file`, 'not one of the two');
    return env ? this.ofEnvironment(env) : this.ofFile(file as Spot);
  }

  private ofEnvironment(spot: Spot): string | null {
    const name = this.reader.text(spot, 'the name of a variable');
    if (name === null) return null;
    const text = this.env[name]?.trim();
    return text ? text : this.reader.wrong(spot, 'a variable that is set', JSON.stringify(name));
  }

  private ofFile(spot: Spot): string | null {
    const name = this.reader.text(spot, 'a file');
    if (name === null) return null;
    try {
      const text = readFileSync(resolve(dirname(this.file), name), 'utf8').trim();
      if (text !== '' && text.length <= MOST_BYTES) return text;
      return this.reader.wrong(spot, `a file with 1 to ${MOST_BYTES} characters`, `${text.length}`);
    } catch (error) {
      this.findings.add('unreadable', spot.where, 'a file that can be read', (error as Error).message);
      return null;
    }
  }
}
