/** Why something failed: what every surface shows under these names. */
export interface Diagnosis {
  /** Stable kebab-case name: `port-taken`, `killed-by-signal`, `exited`, `hang`, `start-timeout`, `missing-executable`, … `unknown`. */
  readonly cause: string;
  /** 0..1; certain from .9, likely from .6, else perhaps. */
  readonly confidence: number;
  /** The concrete thing: a port, a file, a signal. */
  readonly subject: string | null;
  /** What was seen; `logs/backend.log "…"`. */
  readonly evidence: readonly string[];
  /** What to do; null where nobody has to do anything. */
  readonly remedy: string | null;
}

export function certainty(diagnosis: Diagnosis): 'certain' | 'likely' | 'perhaps' {
  return diagnosis.confidence >= 0.9 ? 'certain' : diagnosis.confidence >= 0.6 ? 'likely' : 'perhaps';
}
