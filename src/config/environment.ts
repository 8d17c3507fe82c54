/** The only reader of the process's environment. */

export const DEFAULT_URL = 'http://127.0.0.1:8004';

/** A copy, so that nobody changes the environment of the process by accident. */
export const environment = (): NodeJS.ProcessEnv => ({ ...process.env });

/** How the command line proves who it is; an empty value counts as not given. */
export function cliAccess(env: NodeJS.ProcessEnv = process.env): {
  ca?: string;
  token?: string;
  tokenFile?: string;
} {
  const [ca, token, tokenFile] = [env.CANOPY_CA, env.CANOPY_TOKEN, env.CANOPY_TOKEN_FILE].map(it =>
    it?.trim(),
  );
  return { ...(ca && { ca }), ...(token && { token }), ...(tokenFile && { tokenFile }) };
}

/** The REST address that the command line talks to: `CANOPY_URL`, or the default. */
export const cliUrl = (env: NodeJS.ProcessEnv = process.env): string => env.CANOPY_URL?.trim() || DEFAULT_URL;
