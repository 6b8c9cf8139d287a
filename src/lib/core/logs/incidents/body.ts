import type {Spot} from '../analysis.js';
import type {Incident, IncidentKind} from '../report.js';
import type {Finding} from './finding.js';
import type {Reading} from './reading.js';

/** A template's part in an incident. */
export interface Part {
  readonly reading: Reading;
  readonly count: number;
  readonly usual: number;
  readonly from: number | null;
  readonly evidence: number;
}

/** What is known of an incident before its cause is sought. */
export interface Body {
  readonly kind: IncidentKind;
  readonly from: number | null;
  readonly to: number | null;
  readonly first: {readonly spot: Spot; readonly text: string};
  readonly evidence: Incident['evidence'];
  readonly parts: readonly Part[];
  readonly names: readonly string[];
  readonly group: readonly Finding[];
  readonly lead: Finding;
}
