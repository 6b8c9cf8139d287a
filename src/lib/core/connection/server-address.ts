export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[::1]:port`. null: it is not that. */
export function parseHostPort(text: string): HostAndPort | null {
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.%\w]+)\]|([^\s:/[\]@]+)):(\d{1,5})$/i.exec(text.trim()) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || !(port > 0 && port < 65536) ? null : {host, port};
}
