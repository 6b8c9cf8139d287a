export type Auth = 'ok' | '401' | '403' | '403-portforward';

/** What is wrong with the API server now, its objects and its network aside. */
export interface Conditions {
  auth: Auth;
  /** Every upgrade to a port-forward fails with this; null: none. */
  refusal: {readonly code: number; readonly message: string} | null;
  /** Of every answer. */
  delayMs: number;
  answersPings: boolean;
  /** false: as API servers before 1.30; kubectl falls back to SPDY. */
  hasWebSockets: boolean;
  /**
   * How a stream that failed in the pod ends. `old`: error text, then both streams are closed, as container runtimes
   * with the streaming library before 0.32 do; `new`: error text, then both are reset.
   */
  runtime: 'old' | 'new';
}

export const healthy = (): Conditions => ({
  auth: 'ok',
  refusal: null,
  delayMs: 0,
  answersPings: true,
  hasWebSockets: true,
  runtime: 'old',
});
