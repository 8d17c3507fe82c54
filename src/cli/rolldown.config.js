import { later } from './rolldown.later.js';

/**
 * The command line in as few files as it loads together: what a start needs before its targets is one of them, since each file takes
 * most of a millisecond. What those commands load that only ask stays apart.
 */
const STARTING = /\/src\/cli\/(up|run)\.js$/;
const ASKING =
  /\/src\/cli\/(entry|program|query|command|logs|events|alerts|incidents|availability|forget)\.js$/;

/** All that is loaded with these. */
function reach(from, modulesOf) {
  const found = new Set();
  const left = [...from];
  while (left.length > 0) {
    const id = left.pop();
    if (found.has(id)) continue;
    found.add(id);
    left.push(...modulesOf(id));
  }
  return found;
}

/** Modules of a start that no command which asks loads, too. */
function ofStart(some, infoOf) {
  const everybody = id => {
    const {
      importedIds = [],
      dynamicallyImportedIds = [],
      importers = [],
      dynamicImporters = [],
    } = infoOf(id) ?? {};
    return [...importedIds, ...dynamicallyImportedIds, ...importers, ...dynamicImporters];
  };
  const all = [...reach([some], everybody)];
  const loadedBy = command =>
    reach(
      all.filter(id => command.test(id)),
      id => infoOf(id)?.importedIds ?? [],
    );
  const asking = loadedBy(ASKING);
  return new Set([...loadedBy(STARTING)].filter(id => !asking.has(id)));
}

let start = null;

export default {
  input: './.build/next/src/cli/entry.js',
  platform: 'node',
  external: ['classic-level'],
  logLevel: 'silent',
  plugins: [later],
  treeshake: { moduleSideEffects: [{ test: /node_modules.typebox/, sideEffects: false }] },
  output: {
    dir: '.build/next/src/cli',
    // Of these V8 keeps what it has compiled.
    format: 'cjs',
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-part.cjs',
    comments: false,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [
        {
          name: (id, context) => {
            start ??= ofStart(id, other => context.getModuleInfo(other));
            return start.has(id) ? 'start' : null;
          },
        },
      ],
    },
  },
};
