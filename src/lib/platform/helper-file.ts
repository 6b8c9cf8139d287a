/** Beside each copy of the supervisor lies that of its diagnosis helper. */
export const helperFile = (supervisorFile: string): string =>
  supervisorFile.replace(/supervisor([^/\\]*)$/, 'diagnose$1');
