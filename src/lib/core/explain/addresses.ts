const ipv4 = /(?<![\d.])(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}(?![\d.]*\d)/g;
const ipv6 = /(?<![\w:.])[\da-f:]{2,39}(?:%\w{1,15})?(?![\w:])/gi;

/** Loopback and "all addresses" are the same everywhere, and often the cause. */
export function maskAddresses(line: string, hide: (address: string) => string): string {
  return line
    .replace(ipv4, (address) => (isCommonV4(address) ? address : hide(address)))
    .replace(ipv6, (address) => (isV6(address) && !/^(?:::1?)$/.test(address) ? hide(address) : address));
}

const isCommonV4 = (address: string) =>
  address.startsWith('127.') || /^(?:0\.0\.0\.0|255\.255\.255\.255)$/.test(address);

/** Times of day (`12:34:56`) have colons too. */
function isV6(text: string): boolean {
  const [address = ''] = text.split('%');
  const groups = address.split(':');
  if (groups.some((group) => group.length > 4)) return false;
  const gaps = address.split('::').length - 1;
  return gaps === 1 ? groups.length <= 9 && /[\da-f]/i.test(address) : gaps === 0 && groups.length === 8;
}
