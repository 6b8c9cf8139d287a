import type {PortSurvey} from '../core/ports/survey.js';
import {surveyLinux} from './port-survey.linux.js';

/**
 * Who listens on these ports, or on any. Nothing is bound for it: a watcher that binds steals the port it watches.
 * Does not fail: what can't be told is said in the survey.
 */
export async function surveyPorts(wanted: 'all' | readonly number[]): Promise<PortSurvey> {
  return await Promise.resolve(surveyLinux(wanted));
}
