import type {PortSurvey} from '../core/ports/survey.js';
import {surveyLinux} from './port-survey.linux.js';

/**
 * Who listens on these ports, or on any. Nothing is bound for it: a watcher that binds steals the port it watches.
 * Does not fail: what can't be told is said in the survey.
 */
export async function surveyPorts(wanted: 'all' | readonly number[]): Promise<PortSurvey> {
  if (process.platform === 'linux' || process.platform === 'android') return surveyLinux(wanted);
  // Those two call tools; what that takes is loaded only there.
  const {systemTools} = await import('./command-runner.js');
  return process.platform === 'win32'
    ? await (await import('./port-survey.windows.js')).surveyWindows(systemTools, wanted)
    : await (await import('./port-survey.darwin.js')).surveyDarwin(systemTools, wanted);
}
