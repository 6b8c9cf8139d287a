/** Names are checked with the configuration; a path made of one must stay in its folder even if that fails one day. */
export function assertFileName(service: string): string {
  if (!/^[A-Za-z0-9._-]+$/.test(service) || /^\.+$/.test(service))
    throw new Error(`not a service name: ${JSON.stringify(service)}`);
  return service;
}
