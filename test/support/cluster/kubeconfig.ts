/**
 * @param certificate PEM; what the server is trusted by
 * @param namespaces one context each: `fake` for default, else `fake-NAMESPACE`
 */
export function kubeconfigOf(server: string, certificate: string, namespaces: readonly string[]): string {
  const authority = Buffer.from(certificate).toString('base64');
  const contexts = namespaces.map((namespace) => ({
    name: namespace === 'default' ? 'fake' : `fake-${namespace}`,
    context: {cluster: 'fake', user: 'dev', namespace},
  }));
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    clusters: [{name: 'fake', cluster: {server, 'certificate-authority-data': authority}}],
    users: [{name: 'dev', user: {token: 'dev-token'}}],
    contexts,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
