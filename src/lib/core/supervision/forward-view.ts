/** What services need to know of a port-forward. */
export interface ForwardView {
  readonly wanted: 'up' | 'down';
  /** Verified; or open where it can't be proven (no probe, unknown protocol). */
  readonly isUp: boolean;
  /** Its kubectl may be running, listening or not. */
  readonly mayRun: boolean;
  /** Local port it has now; null: none yet. */
  readonly port: number | null;
  readonly primary: number;
}
export type ForwardViews = ReadonlyMap<string, ForwardView>;
