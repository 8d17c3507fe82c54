/** What a target inherits: everything but our own settings, which are not its business and may hold secrets. */
export const targetEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('CANOPY_')));
