import type {LogDiagnosis, ProgramEnd} from '../logs/diagnosis/log-diagnosis.js';

const none: LogDiagnosis = {
  cause: null,
  confidence: 0,
  subject: {},
  evidence: [],
  remedy: null,
  explanation: '',
  isPermanent: false,
  mendedBy: null,
};

/** The most common verdicts, until the rules are here. */
export function diagnose(
  lines: readonly string[],
  _end: ProgramEnd,
  _context: {readonly platform: NodeJS.Platform},
): LogDiagnosis {
  for (const [index, text] of lines.entries()) {
    const evidence = [{line: index + 1, text}];
    const told = {...none, confidence: 0.95, evidence};
    const module = /ModuleNotFoundError: No module named '([\w.]+)'|Cannot find module '([^']+)'/.exec(text);
    if (module !== null) {
      const name = module[1] ?? module[2] ?? '';
      const remedy = `pip install ${name}`;
      const path = `${name.split('.')[0] ?? name}.py`;
      const explanation = `The module ${name} is not installed.`;
      return {
        ...told,
        cause: 'missing-module',
        subject: {module: name},
        remedy,
        explanation,
        isPermanent: true,
        mendedBy: {kind: 'file', path},
      };
    }
    const refused = /(?:ECONNREFUSED|Connection refused)[^\d]*(\d+\.\d+\.\d+\.\d+):(\d+)/.exec(text);
    if (refused !== null) {
      const [, host = '', port = ''] = refused;
      const explanation = `Nobody accepts connections on ${host}:${port}.`;
      const mendedBy = {kind: 'listener', host, port: Number(port)} as const;
      return {...told, cause: 'redis-unreachable', subject: {host, port: Number(port)}, explanation, mendedBy};
    }
    const variable = /(?:variable|env) (\w+) is (?:not set|missing)/.exec(text);
    if (variable !== null)
      return {
        ...told,
        cause: 'missing-env-var',
        subject: {variable: variable[1] ?? ''},
        explanation: `${variable[1]} is not set.`,
        isPermanent: true,
        mendedBy: {kind: 'configuration'},
      };
  }
  return none;
}
