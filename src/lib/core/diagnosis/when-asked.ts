import type {Diagnosis} from './diagnosis.js';

/**
 * A diagnosis that is made when somebody looks at it for the first time. Between an exit and the next spawn nobody
 * does, and reading fifty lines for their meaning takes as long as the spawn itself.
 * @param make pure: it does not matter when it is called
 */
export function whenAsked(make: () => Diagnosis): Diagnosis {
  let made: Diagnosis | null = null;
  const diagnosis = (): Diagnosis => (made ??= make());
  return {
    get cause() {
      return diagnosis().cause;
    },
    get confidence() {
      return diagnosis().confidence;
    },
    get subject() {
      return diagnosis().subject;
    },
    get evidence() {
      return diagnosis().evidence;
    },
    get remedy() {
      return diagnosis().remedy;
    },
  };
}
