/** A step of the build: the bundled program as V8 has the least to do with it, in memory and at each call. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * V8 keeps the text of a program as long as that runs, and with two bytes for every letter where a single one of them needs
 * two. Only texts and regular expressions hold such letters here, and they can be escaped.
 */
export const inOneByte = (source: string): string =>
  source.replace(/[^\0-\x7f]/g, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

const GETTER =
  /Object\.defineProperty\(exports, "([\w$]+)", \{\n\tenumerable: true,\n\tget: function\(\) \{\n\t\treturn ([\w$]+);\n\t\}\n\}\);/g;

/** The bundler has every use of another file's export call a function, for the sake of those that change: few do. */
export const withPlainExports = (source: string): string =>
  source.replace(GETTER, (getter, name: string, local: string) =>
    changes(source, local) ? getter : `exports.${name} = ${local};`,
  );

/** Whether it may be assigned to anywhere but where it is made. */
function changes(source: string, local: string): boolean {
  const name = local.replaceAll('$', '\\$');
  const assigned = new RegExp(
    `(?<!\\b(?:var|let|const) )(?<![.\\w$])${name}\\s*(?:=(?![=>])|\\+\\+|--|[-+*/%|&^?<>]+=)`,
  );
  return assigned.test(source);
}

const folder = process.argv[2];
if (folder !== undefined && import.meta.filename === process.argv[1]) {
  for (const name of readdirSync(folder).filter(each => each.endsWith('-part.cjs') || each === 'entry.cjs')) {
    const file = join(folder, name);
    writeFileSync(file, withPlainExports(inOneByte(readFileSync(file, 'utf8'))));
  }
}
