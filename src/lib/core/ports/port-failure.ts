import type {Diagnosis} from '../diagnosis/diagnosis.js';
import {isFixed, type PassedPort, type PortEntry} from './choose-port.js';

/** Where Linux says from which port on everybody may listen. */
export const privilegedBelow = 1024;

/** What is wrong with a port that was passed, behind its number. */
export function passedText({port, why, by}: PassedPort, holder: string, isWindows: boolean): string {
  switch (why) {
    case 'taken':
      return holder;
    case 'given':
      return `is given to ${by}`;
    case 'wanted':
      return `is the port of ${by}, which has no other`;
    case 'lost':
      return 'was free each time it was tested, and taken when it was wanted';
    case 'reserved':
      if (isWindows) return 'is reserved by Windows (netsh interface ipv4 show excludedportrange tcp)';
      return port < privilegedBelow ? 'is privileged (below 1024)' : 'may not be used (EACCES)';
  }
}

/**
 * Why an entry gets no port.
 * @param holder who holds a port that is taken, in words
 */
export function portFailure(
  entry: PortEntry,
  passed: readonly PassedPort[],
  holder: (port: number) => string,
  isWindows: boolean,
): Diagnosis {
  const evidence = passed.map((one) => `${one.port} ${passedText(one, holder(one.port), isWindows)}`);
  const isReserved = passed.length > 0 && passed.every(({why}) => why === 'reserved');
  return {
    cause: isReserved ? 'port-reserved' : 'port-in-use',
    confidence: 0.95,
    subject: `port ${entry.primary}`,
    evidence: evidence.length === 0 ? ['the system gives no port'] : evidence,
    remedy: isReserved ? (isWindows ? windowsRemedy : rightsRemedy(entry.primary)) : takenRemedy(entry, passed),
  };
}

const windowsRemedy = 'another port: Windows has reserved this one (Hyper-V, WSL or Docker, as a rule)';

/** How a program that is not root gets a port below 1024. */
export function rightsRemedy(port: number): string {
  return port < privilegedBelow
    ? `sysctl -w net.ipv4.ip_unprivileged_port_start=${port}, or setcap cap_net_bind_service=+ep PROGRAM, or another port`
    : 'another port, or see which policy forbids it (SELinux: semanage port -l)';
}

function takenRemedy(entry: PortEntry, passed: readonly PassedPort[]): string {
  const {name, primary} = entry;
  const given = passed.find(({port, why}) => port === primary && why === 'given')?.by;
  if (given !== undefined)
    return `give ${name} another port, or alternatives that nobody else has; ${given} has ${primary}`;
  if (/redis|postgres|mysql|mariadb|rabbit/i.test(name))
    return `if that is the ${name} you mean: ifRunning: use, or external: true (a second, empty one would lose its data from view)`;
  const taken = passed.find(({why}) => why === 'taken')?.port;
  const release = taken === undefined ? '' : `end the other one: erp ports release ${taken}; or `;
  return isFixed(entry)
    ? `${release}give ${name} alternatives: port: {primary: ${primary}, alternatives: [${primary + 1}, ${primary + 2}]}`
    : `${release}give ${name} more alternatives`;
}

/** The addresses a service is to listen on are none of this machine. */
export function addressFailure(entry: PortEntry, code: string, address: string | null): Diagnosis {
  const which = address ?? entry.addresses.join(', ');
  return {
    cause: 'address-not-available',
    confidence: 0.95,
    subject: which,
    evidence: [`${which} can not be listened on: ${addressWords[code] ?? code}`],
    remedy: `correct addresses of ${entry.name} (127.0.0.1, ::1, 0.0.0.0, or one that this machine has)`,
  };
}

const addressWords: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address (EADDRNOTAVAIL)',
  EAFNOSUPPORT: 'this machine has no such kind of address (EAFNOSUPPORT)',
  ENOTFOUND: 'no such name (ENOTFOUND)',
  EAI_AGAIN: 'its name can not be looked up (EAI_AGAIN)',
  EINVAL: 'it is no address to listen on (EINVAL)',
};

export const isAboutAddress = (code: string): boolean => Object.hasOwn(addressWords, code);
