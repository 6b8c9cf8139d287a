/** Why something failed: what every surface shows under these names. */
export interface Diagnosis {
  /** Stable kebab-case name: `port-in-use`, `killed-by-signal`, `exited`, `hang`, `start-timeout`, `missing-module`, … `unknown`. */
  readonly cause: string;
  /** 0..1; certain from .9, likely from .6, else perhaps. */
  readonly confidence: number;
  /** The concrete thing: a port, a file, a signal. */
  readonly subject: string | null;
  /** What was seen; `logs/backend.log "…"`. */
  readonly evidence: readonly string[];
  /** What to do; null where nobody has to do anything. */
  readonly remedy: string | null;
  /** One or two whole sentences; absent where cause and evidence say it all. */
  readonly explanation?: string;
}

export function certainty(diagnosis: Diagnosis): 'certain' | 'likely' | 'perhaps' {
  return diagnosis.confidence >= 0.9 ? 'certain' : diagnosis.confidence >= 0.6 ? 'likely' : 'perhaps';
}

/** Names that causes had before they got those of docs/reference/causes.md. */
const formerNames: Readonly<Record<string, string>> = {
  'port-taken': 'port-in-use',
  'missing-executable': 'missing-module',
  'not-executable': 'permission-denied',
  'missing-folder': 'missing-file',
};

/** A cause as it is called now; journals and events of an older supervisor may tell its former name. */
export function causeNow(cause: string): string {
  return formerNames[cause] ?? cause;
}
