import type {Body} from './body.js';
import {peerIn} from './names.js';
import {messageIn} from './reading.js';

const mostPeers = 3;

/**
 * Who did not answer, in an outage: known programs (`postgres`) if there are any, else addresses, else the names that the
 * messages give.
 */
export function peersOf({parts, names, from, to}: Body): string[] {
  const refusing = parts.filter(({reading: {meanings}}) => meanings.has('refused') || meanings.has('name-unknown'));
  const asked = refusing.length > 0 ? refusing : parts.slice(0, mostPeers);
  const texts = asked.flatMap(({reading: {template}}) => {
    const within = template.examples.filter(
      ({spot: {time}}) => time === null || from === null || to === null || (time >= from && time <= to),
    );
    // Of a frequent message only the first events are known, and those say whom it is about just as well.
    const examples = within.length > 0 ? within : template.examples;
    return [template.text, ...examples.map(({text}) => messageIn(text, template.text))];
  });
  const found = [...new Set(texts.map(peerIn).filter((peer) => peer !== null))];
  const programs = found.filter((peer) => !peer.includes(':'));
  const peers = programs.length > 0 ? programs : found;
  return (peers.length > 0 ? peers : names).slice(0, mostPeers);
}
