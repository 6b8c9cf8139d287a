import {nearest} from './nearest.js';
import type {ForwardProbeConfig} from './schema.js';

/** As kubectl calls what it can forward to, shortest first; the key is how a specification calls it. */
const kinds = {
  pod: ['po', 'pod', 'pods'],
  svc: ['svc', 'service', 'services'],
  deploy: ['deploy', 'deployment', 'deployments'],
  statefulset: ['sts', 'statefulset', 'statefulsets'],
} as const;

const targetForms = 'svc/NAME, pod/NAME, deploy/NAME, statefulset/NAME';

/** What is wrong with a value, what may stand there, and what was most likely meant. */
export interface Mistake {
  readonly mistake: string;
  readonly allowed: string;
  readonly nearest: string | null;
}

/** `Service/grafana` → `svc/grafana`; in all the spellings that kubectl takes. */
export function readTarget(text: string): {readonly target: string} | Mistake {
  const said = JSON.stringify(text);
  const [, kind = '', name = ''] = /^\s*([^/]*)\/(.*?)\s*$/.exec(text) ?? [];
  if (!text.includes('/')) {
    const bare = text.trim();
    return {
      mistake: `${said} names no kind: kubectl takes a bare name as that of a pod`,
      allowed: targetForms,
      nearest: isObjectName(bare) ? `svc/${bare}` : null,
    };
  }
  // `deployments.v1.apps/api` is a full spelling too.
  const short = kind.toLowerCase().replace(/(\.v\d\w*)?\.(apps|core)$|\.v\d\w*\.?$/, '');
  const found = Object.entries(kinds).find(([, spellings]) => (spellings as readonly string[]).includes(short))?.[0];
  if (found === undefined) {
    const near = nearest(short, Object.values(kinds).flat());
    return {
      mistake: `${JSON.stringify(kind)} is nothing that erp forwards to`,
      allowed: targetForms,
      nearest: near === null || !isObjectName(name) ? null : `${near}/${name}`,
    };
  }
  if (!isObjectName(name)) {
    return {
      mistake: `${said} is not a target: ${name === '' ? 'the name is missing' : `${JSON.stringify(name)} can't be a name`}`,
      allowed: 'small letters, digits, - and . in the name',
      nearest: isObjectName(name.toLowerCase()) ? `${found}/${name.toLowerCase()}` : null,
    };
  }
  return {target: `${found}/${name}`};
}

/** DNS subdomain, as Kubernetes has it. */
const isObjectName = (name: string): boolean =>
  name.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name);

/** DNS label, as Kubernetes has it for namespaces. */
export function namespaceMistake(text: string): Mistake | null {
  const isLabel = (name: string) => name.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name);
  if (isLabel(text)) return null;
  const lower = text.trim().toLowerCase().replaceAll('_', '-');
  return {
    mistake: `${JSON.stringify(text)} can't be a namespace`,
    allowed: 'small letters, digits and -, at most 63',
    nearest: isLabel(lower) ? lower : null,
  };
}

/** A port of the target by its name. */
export function portNameMistake(text: string): Mistake | null {
  const isName = (name: string) => name.length <= 15 && /^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
  if (isName(text)) return null;
  const number = /^\s*0*(\d{1,5})\s*$/.exec(text)?.[1];
  const lower = text.trim().toLowerCase();
  return {
    mistake: `${JSON.stringify(text)} is not a port`,
    allowed: '80 (1 to 65535, without quotes), or the name of a port of the target (http)',
    nearest:
      number !== undefined && Number(number) >= 1 && Number(number) <= 65_535 ? number : isName(lower) ? lower : null,
  };
}

/** kubectl would take a name as well, and listen in both families: a stranger may then have one of them unseen. */
export function addressMistake(text: string): Mistake | null {
  if (isIPv4(text) || isIPv6(text)) return null;
  return {
    mistake: `${JSON.stringify(text)} is not an address`,
    allowed: '127.0.0.1, ::1, or another address of this machine, as a number',
    nearest: text.toLowerCase() === 'localhost' ? '127.0.0.1' : text === '*' ? '0.0.0.0' : nearest(text, ['127.0.0.1']),
  };
}

export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
const isIPv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) <= 255);
/** By the parser of addresses that every engine has. */
const isIPv6 = (text: string): boolean =>
  text.includes(':') && /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);

const probeWords = ['auto', 'tcp', 'postgres', 'redis', 'mysql', 'none'] as const;
export type ProbeWord = (typeof probeWords)[number];
const probeForms = `/health, ${probeWords.join(', ')}, or {http: /health, expect, headers}`;

/** How a probe of a forward is meant: one of the words, or a path to ask for. */
export function readForwardProbe(
  probe: ForwardProbeConfig,
): {readonly word: ProbeWord} | {readonly path: string} | Mistake {
  if (typeof probe !== 'string') {
    const {http} = probe;
    if (http === undefined) return {mistake: 'names nothing to ask', allowed: 'http: /health', nearest: null};
    return readPath(http.trim()) ?? notAPath(http);
  }
  const text = probe.trim();
  const word = probeWords.find((each) => each === text);
  if (word !== undefined) return {word};
  const path = readPath(text);
  if (path !== null) return path;
  if (/^https?:/.test(text)) return notAPath(text);
  const near = nearest(text, [...probeWords, 'postgresql', 'mariadb']);
  const meant = near === 'postgresql' ? 'postgres' : near === 'mariadb' ? 'mysql' : near;
  return {mistake: `${JSON.stringify(probe)} is not a probe`, allowed: probeForms, nearest: meant};
}

const readPath = (text: string): {readonly path: string} | null =>
  /^\/[^\s\x00-\x1f\x7f]*$/.test(text) ? {path: text} : null;

function notAPath(text: string): Mistake {
  const inner = /^https?:\/\/[^/]*(\/\S*)?$/.exec(text.trim());
  return {
    mistake: `${JSON.stringify(text)}: a forward is asked through its own local port, so only the path counts`,
    allowed: '/health',
    nearest: inner === null ? (readPath(`/${text}`)?.path ?? null) : (inner[1] ?? '/'),
  };
}

/**
 * `minikube kubectl --`, `"C:\Program Files\kubectl.exe"`: words between spaces, quotes keep them together. A backslash is
 * one of Windows and nothing else.
 * @returns null when a quote is not closed, or nothing is in it
 */
export function splitWords(text: string): readonly [string, ...string[]] | null {
  const words: string[] = [];
  const rest = text.replaceAll(/\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/g, (_, word: string) => {
    words.push(
      word.replaceAll(/"([^"]*)"|'([^']*)'/g, (_whole, double?: string, single?: string) => double ?? single ?? ''),
    );
    return '';
  });
  const [first, ...others] = words;
  return first === undefined || first.trim() === '' || rest.trim() !== '' ? null : [first, ...others];
}

/** `1.1.1.1:443`, `[2606:4700::1111]:443`, `proxy.example:8080` */
export function hostPortMistake(text: string): Mistake | null {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^\s:[\]/@]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const isHost = bracketed === undefined ? plain !== undefined : isIPv6(bracketed);
  if (isHost && Number(port) >= 1 && Number(port) <= 65_535) return null;
  const host = /^[\w.-]+$/.test(text) ? text : null;
  return {
    mistake: `${JSON.stringify(text)} is not host:port`,
    allowed: '1.1.1.1:443, [2606:4700:4700::1111]:443, dns.example:53',
    nearest: host === null ? (isIPv6(text) ? `[${text}]:443` : null) : `${host}:443`,
  };
}
