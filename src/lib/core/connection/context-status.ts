import type {Calendar} from '../report/build-status.js';
import type {ContextStatus} from '../report/status.js';
import type {ConnectivityState} from './connectivity.js';
import type {ForwardFailure} from './forward-failure.js';
import {type GateAbout, offlineDiagnosis, offlineNote, serverText} from './offline-cause.js';

/** What is shown of a context. */
export function contextStatus(
  gate: {
    readonly context: string | null;
    readonly state: ConnectivityState;
    readonly answer:
      | ({readonly ok: true; readonly name: string} & Pick<GateAbout, 'server'>)
      | {readonly ok: false; readonly failure: ForwardFailure}
      | null;
  },
  calendar: Calendar,
): ContextStatus {
  const {context, state, answer} = gate;
  const nothing = {name: context, server: null, since: null, note: null, diagnosis: null, lastOutage: null};
  if (answer === null) return {...nothing, state: 'unknown', mark: 'moving', note: 'the kubeconfig is read'};
  if (!answer.ok) {
    const {diagnosis} = answer.failure;
    return {...nothing, state: 'unknown', mark: 'failed', note: diagnosis.evidence[0] ?? null, diagnosis};
  }
  const about = {context: answer.name, server: answer.server};
  const outage = state.tag === 'unknown' ? null : state.lastOutage;
  const known = {
    name: answer.name,
    server: serverText(answer.server),
    since: state.tag === 'unknown' ? null : calendar.iso(state.since),
    lastOutage:
      outage === null ? null : {at: calendar.iso(outage.endedAt - outage.tookMs), tookMs: Math.round(outage.tookMs)},
  };
  switch (state.tag) {
    case 'unknown':
      return {...nothing, ...known, state: 'unknown', mark: 'moving', note: 'is asked'};
    case 'online':
      return {...nothing, ...known, state: 'online', mark: 'good'};
    case 'unsure':
      return {...nothing, ...known, state: 'unsure', mark: 'degraded', note: 'did not answer once'};
    case 'offline':
      return {
        ...nothing,
        ...known,
        state: 'offline',
        mark: 'acting',
        note: offlineNote(state.miss, state.facts, about, calendar.now - state.since),
        diagnosis: offlineDiagnosis(state.miss, state.facts, about),
      };
  }
}
