import type {SystemService} from './system-service.js';
import {systemServices} from './system-services.js';

/** Who holds a port, as far as a survey told. */
export interface Holder {
  readonly pid: number;
  /** Name of the program, with or without `.exe`; Linux keeps 15 characters of it. */
  readonly name: string | null;
  readonly command: string | null;
  readonly user: string | null;
  readonly platform: NodeJS.Platform;
  readonly port: number;
}

export interface WellKnown {
  /** Completes "this is …": `the init system, which …`. */
  readonly what: string;
  /** What to do in place of ending it, as an order: `stop the container: docker ps …`. */
  readonly instead: string;
}

/**
 * A part of the operating system, or of what runs containers and virtual machines: ending it by its pid does harm
 * beyond the port, or does not free the port at all, because somebody starts it again.
 * @returns null: nobody we know
 */
export function wellKnown(holder: Holder): WellKnown | null {
  const service = byPid(holder) ?? systemServices.find((one) => isMeant(one, holder)) ?? byPath(holder);
  if (service === null) return null;
  return {what: service.what, instead: service.instead({pid: holder.pid, port: holder.port})};
}

const bare = (name: string): string => name.toLowerCase().replace(/\.exe$/, '');

const forOthers: ReadonlySet<string> = new Set(
  systemServices.filter((one) => one.holdsForOthers === true).flatMap((one) => one.names.map(bare)),
);

/** Holds ports for others (docker-proxy, systemd, wslrelay): who really answers can't be seen from its pid. */
export function holdsForOthers(name: string): boolean {
  const wanted = bare(name);
  return forOthers.has(wanted) || (isCut(wanted) && [...forOthers].some((one) => one.startsWith(wanted)));
}

function isMeant(service: SystemService, {name, command, user, platform}: Holder): boolean {
  if (!service.platforms.includes(platform)) return false;
  if (service.users !== undefined && (user === null || !service.users.test(user))) return false;
  if (service.command !== undefined && (command === null || !service.command.test(command))) return false;
  if (name === null) return false;
  const wanted = bare(name);
  return service.names.some((one) => {
    const known = bare(one);
    return known === wanted || (platform === 'linux' && isCut(wanted) && known.startsWith(wanted));
  });
}

/** The kernel keeps 15 bytes of a name: `systemd-resolved` is `systemd-resolve`. */
const isCut = (name: string): boolean => name.length === 15;

const initSystems: ReadonlySet<string> = new Set(['systemd', 'launchd', 'init']);

function byPid({pid, name, platform}: Holder): Pick<SystemService, 'what' | 'instead'> | null {
  if (platform === 'win32') {
    if (pid === 4)
      return {
        what: 'the Windows kernel: http.sys answers there for IIS, WinRM, SQL Server Reporting Services or another program',
        instead: () =>
          'see who asked for it: netsh http show servicestate view=requestq; then stop that service, for IIS iisreset /stop',
      };
    if (pid === 0)
      return {
        what: "Windows' idle process, shown for a connection whose process has ended",
        instead: () => 'wait a minute or two: Windows frees it by itself',
      };
    return null;
  }
  // systemd and launchd are in the table; in a container anything can be process 1.
  if (pid === 1 && (name === null || !initSystems.has(name)))
    return {
      what: 'process 1: everything else on this machine or in this container ends with it',
      instead: () => 'stop the container or the machine as a whole, from outside',
    };
  return null;
}

/** Folders that hold nothing but parts of the system. */
function byPath({command, platform}: Holder): Pick<SystemService, 'what' | 'instead'> | null {
  if (
    platform === 'darwin' &&
    command !== null &&
    /^\/(System\/Library\/(CoreServices|PrivateFrameworks)|usr\/libexec)\//.test(command)
  )
    return {
      what: 'a part of macOS, which launchd starts again when it ends',
      instead: ({pid}) => `switch off what needs it in System Settings; its job: sudo launchctl list | grep ${pid}`,
    };
  if (platform === 'linux' && command !== null && /^\/(usr\/)?lib\/systemd\//.test(command))
    return {
      what: 'a part of systemd',
      instead: ({pid}) => `see its unit: systemctl status ${pid}; then systemctl stop UNIT`,
    };
  return null;
}
