/** Talks to a REST address; every failure becomes an exit code and a sentence. */
import { isLoopback } from '../config/address.js';
import type { Access } from './access.js';
import { CliError, EXIT } from './exit.js';
import { secureFetch } from './secure-fetch.js';

/** Milliseconds for an answer, beyond what the call itself waits for. */
const ANSWER_MS = 10_000;
/** Milliseconds for the head of an answer that comes bit by bit: a search may take its time until it finds a line. */
const HEAD_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class RestClient {
  private readonly ask: (url: URL, init: RequestInit) => Promise<Response>;

  constructor(
    readonly url: string,
    private readonly access: Access = {},
  ) {
    if (!URL.canParse(url) || !/^https?:/.test(url))
      throw new CliError(EXIT.usage, `--url: expected http://host:port, found ${JSON.stringify(url)}`);
    const { protocol, hostname } = new URL(url);
    const isSecure = protocol === 'https:';
    if (!isSecure && access.token && isLoopback(hostname.replace(/^\[|\]$/g, '')) !== true)
      throw new CliError(
        EXIT.usage,
        `--url: expected https, for a token is not sent in the clear, found ${url}`,
      );
    this.ask = isSecure ? secureFetch(access.ca) : fetch;
  }

  get<T>(path: string): Promise<T> {
    return this.call('GET', path).then(answer => answer.body as T);
  }

  post<T>(path: string, body: object, waitMs = 0): Promise<T> {
    return this.call('POST', path, JSON.stringify(body), waitMs).then(answer => answer.body as T);
  }

  delete(path: string): Promise<Answer> {
    return this.call('DELETE', path);
  }

  /** An answer whose body comes as it comes; `cut` ends it. */
  async open(path: string, headers: Record<string, string>, cut: AbortController): Promise<Response> {
    const late = setTimeout(() => cut.abort(new Error(`no answer within ${HEAD_MS / 1000} s`)), HEAD_MS);
    const response = await this.fetch(path, { headers, signal: cut.signal }).finally(() =>
      clearTimeout(late),
    );
    if (response.ok && response.body) return response;
    throw this.problem(response.status, parse(await response.text().catch(() => '')));
  }

  private async call(method: string, path: string, body?: string, waitMs = 0): Promise<Answer> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(waitMs + ANSWER_MS);
    const response = await this.fetch(path, { method, headers, signal, ...(body && { body }) });
    const text = await response.text().catch(error => Promise.reject(this.noAnswer(error)));
    const parsed = response.status === 204 ? null : parse(text);
    if (response.ok && parsed !== undefined) return { status: response.status, body: parsed };
    throw this.problem(response.status, parsed);
  }

  private fetch(path: string, init: RequestInit): Promise<Response> {
    const { token } = this.access;
    const headers = { ...init.headers, ...(token && { authorization: `Bearer ${token}` }) } as Record<
      string,
      string
    >;
    // Nothing answers with a redirection; the token must not follow one.
    const asked = { ...init, headers, redirect: 'manual' } as const;
    return this.ask(new URL(path, this.url), asked).catch(error => Promise.reject(this.noAnswer(error)));
  }

  private noAnswer(error: Error & { cause?: Error }): CliError {
    const cause = error.cause ?? error;
    const { code = '', message } = cause as NodeJS.ErrnoException;
    // Of those that Node has for a chain that ends in nobody whom it knows.
    const hint = /SELF_SIGNED|UNABLE_TO/.test(code)
      ? '; --ca or CANOPY_CA names the authority to believe'
      : '';
    return new CliError(EXIT.noAnswer, `nothing answered at ${this.url}: ${message || error.message}${hint}`);
  }

  private problem(status: number, parsed: unknown): CliError {
    const { code, detail = '' } = (parsed ?? {}) as { code?: string; detail?: string };
    if (status === 401 && !this.access.token)
      return new CliError(
        EXIT.failed,
        `${code}: ${detail}; --token-file, CANOPY_TOKEN_FILE and CANOPY_TOKEN are where it is looked for`,
        code ?? null,
      );
    if (code) return new CliError(EXIT.failed, `${code}: ${detail}`, code);
    return new CliError(EXIT.noAnswer, `what answered at ${this.url} is not Canopy (HTTP ${status})`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A path as part of a URL. */
export const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
