/** The errors of the file system, with the file that the system leaves out of those of read and write. */

export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The file system, the directory (`chattr +i`), or its mode does not allow it. */
export const isReadOnly = (error: unknown): boolean =>
  ['EROFS', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '');

/** For `catch`: the same error, with its `path`. */
export const at =
  (file: string) =>
  (error: NodeJS.ErrnoException): never => {
    error.path ??= file;
    throw error;
  };
