/** What a schema found wrong, as a sentence that names the field, what was expected and what was found. */
export interface SchemaError {
  readonly keyword?: string;
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: Record<string, unknown>;
}

/** `where` is `body`, `querystring` or `params`. */
export function describeErrors(errors: readonly SchemaError[], where: string): string {
  const strangers = errors.filter(error => error.keyword === 'boolean').map(error => nameOf(error));
  if (strangers.length > 0)
    return `${where}: unknown field ${strangers.map(name => JSON.stringify(name)).join(', ')}`;
  const [first] = errors;
  if (!first) return `${where} does not have the shape that /openapi.json describes`;
  const allowed = Object.values(first.params ?? {})
    .flat()
    .filter(value => typeof value !== 'object');
  const detail = allowed.length > 0 ? ` (${allowed.join(', ')})` : '';
  return `${where}${first.instancePath ?? ''} ${first.message ?? 'is not as expected'}${detail}`;
}

const nameOf = (error: SchemaError): string => (error.instancePath ?? '').split('/').pop() ?? '';
