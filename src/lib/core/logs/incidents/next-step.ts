import type {Body} from './body.js';
import {peersOf} from './peers.js';

/** What to do about an incident, where no diagnosis says more. */
export function nextStep(body: Body): string | null {
  const {kind, names, parts} = body;
  const name = names[0] ?? null;
  switch (kind) {
    case 'never-healthy':
      return 'start it by hand and see where it listens: erp ports --all';
    case 'port-conflict':
      return 'see who holds the port: erp ports --all';
    case 'dependency-outage': {
      const peers = peersOf(body);
      return peers.length === 0
        ? 'see whether the service it needs runs: erp status'
        : `see whether ${peers.join(', ')} ${peers.length === 1 ? 'runs and listens' : 'run and listen'}: erp ports --all`;
    }
    case 'memory-growth':
      return `see what ${name ?? 'it'} keeps in memory, and what came before ${whereOf(body)}`;
    case 'errors':
      return `see what was changed shortly before; its events: erp logs analyze --template ${parts[0]?.reading.template.id ?? ''}`;
    case 'restart-loop':
    case 'crash':
    case 'hang':
      return name === null
        ? `see its last lines before ${whereOf(body)}`
        : `see its last lines before ${whereOf(body)}: erp logs ${name}`;
    case 'slow':
      if (body.lead.reading !== null)
        return `see what ${name ?? 'it'} waits for while it is slow: its own log, or a profile`;
      return 'see what else began at that time; compare with a usual day: erp logs analyze --compare';
    default:
      return null;
  }
}

const whereOf = ({first: {spot}}: Body) => (spot.line === 0 ? 'the first sign' : `line ${spot.line}`);
