/** What was seen around when an API server was out of reach. */
export interface NetworkFacts {
  /** This machine has an address that is not internal. */
  readonly hasAddress: boolean;
  readonly internet: 'there' | 'away' | 'captive-portal' | 'not-asked';
  /** Of the API server's host. `literal`: it is an address. */
  readonly name: 'resolved' | 'unknown' | 'literal' | 'not-asked';
}
