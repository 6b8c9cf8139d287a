import {generateKeyPairSync, randomBytes, sign} from 'node:crypto';
import {isIP} from 'node:net';

/** A certificate that vouches for itself, and its key; both PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const ecdsaWithSha256 = '2a8648ce3d040302';
const commonName = '550403';
const subjectAltName = '551d11';
const dayMs = 86_400_000;

/** @param hosts addresses (IPv4) and names that it is good for */
export function selfSigned(hosts: readonly string[]): Certificate {
  const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
  const algorithm = sequence(oid(ecdsaWithSha256));
  const name = sequence(tagged(0x31, sequence(oid(commonName), tagged(0x0c, Buffer.from('fake-kube')))));
  const alternatives = tagged(0x04, sequence(...hosts.map(alternative)));
  const facts = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))),
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(Date.now() - dayMs), time(Date.now() + 30 * dayMs)),
    name,
    publicKey.export({type: 'spki', format: 'der'}),
    tagged(0xa3, sequence(sequence(oid(subjectAltName), alternatives))),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', facts, privateKey)]));
  return {
    key: privateKey.export({type: 'pkcs8', format: 'pem'}).toString(),
    cert: pem(sequence(facts, algorithm, signature)),
  };
}

// ——— DER ———

function tagged(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

function lengthOf(length: number): readonly number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

const sequence = (...contents: readonly Buffer[]): Buffer => tagged(0x30, ...contents);
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));

/** UTCTime: 261123090000Z */
const time = (at: number): Buffer =>
  tagged(
    0x17,
    Buffer.from(
      new Date(at)
        .toISOString()
        .slice(2)
        .replace(/[-:T]|\.\d+/g, ''),
    ),
  );

const alternative = (host: string): Buffer =>
  isIP(host) === 4 ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host));

const pem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
