import {expandPlaceholders, type PortsInUse} from '../config/placeholders.js';
import type {ServiceSpec} from '../spec.js';

/**
 * Where a service is reached: what `url:` says; else scheme and host of its HTTP probe with its own port; else
 * `tcp://127.0.0.1:PORT`.
 * @returns null: it has no address, or no port at this moment
 */
export function serviceUrl(spec: ServiceSpec, ports: PortsInUse): string | null {
  const port = ports.port ?? null;
  if (spec.port !== null && port === null) return null;
  if (spec.url != null) return expandPlaceholders(spec.url, ports);
  const asked = spec.probes.map(({check}) => (check.type === 'http' ? expandPlaceholders(check.url, ports) : null));
  const http = asked.find((url) => url !== null && URL.canParse(url));
  if (http == null) return port === null ? null : `tcp://127.0.0.1:${port}`;
  const url = new URL(http);
  // It may be asked for its health on another port than the one that it serves.
  if (port !== null) url.port = String(port);
  return `${url.origin}/`;
}
