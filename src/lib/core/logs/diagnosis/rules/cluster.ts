import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** kubectl and what forwards ports. */
export const cluster: readonly Rule[] = [
  {
    id: 'cluster-settings',
    cause: 'config-invalid',
    when: [
      /context was not found for specified context: (?<name>\S+)/,
      /no context exists with the name: "?(?<name>[^"\s]+)/,
      /context "(?<name>[^"]+)" does not exist/,
      /(?:cluster|auth info) "(?<name>[^"]+)" does not exist/,
      /error loading config file "(?<file>[^"]+)"/,
    ],
    strength: 0.95,
    remedy: () => 'see what there is: kubectl config get-contexts; is KUBECONFIG right? (kubectl config view)',
    examples: [['Error in configuration: context was not found for specified context: erp-prod', {name: 'erp-prod'}]],
  },
  {
    id: 'cluster-unauthorized',
    cause: 'cluster-unauthorized',
    when: [
      /You must be logged in to the server/,
      /asked for the client to provide credentials/,
      /error: .{0,40}Unauthorized/,
      /Error from server \(Forbidden\)/,
      /forbidden: User "(?<user>[^"]+)" cannot/,
      /provide credentials/,
      /exec: .{0,60}getting credentials/,
      /getting credentials: exec/,
      /client certificate .{0,30}expired/,
      /cannot (?:get|list|create|watch|patch|update|delete) resource "(?<name>[^"]+)"/,
      /Unauthorized\b.{0,40}(?:kube|cluster|server)/,
      /refresh.?token .{0,40}expired/,
    ],
    strength: 0.95,
    examples: [
      'error: You must be logged in to the server (the server has asked for the client to provide credentials)',
      [
        'Error from server (Forbidden): pods is forbidden: User "dev" cannot list resource "pods" in API group ""',
        {user: 'dev'},
      ],
    ],
  },
  {
    id: 'cluster-unreachable',
    cause: 'cluster-unreachable',
    when: [
      /[Tt]he connection to the server (?<host>[\w.-]+):(?<port>\d+) was refused/,
      /Unable to connect to the server/,
      /server API group list/,
      /net\/http: TLS handshake timeout/,
      /the server is currently unable to handle the request/,
      /etcdserver: (?:request timed out|leader changed)/,
      /connection to the server .{0,80}(?:refused|lost)/,
      /no route to host.{0,20}$/,
      /apiserver not ready/,
      /Kubernetes cluster unreachable/,
    ],
    unless: /asked for the client|the server doesn't have a resource|x509: /,
    strength: 0.94,
    read: withEndpoint,
    examples: [
      [
        'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?',
        {host: '127.0.0.1', port: 6443},
      ],
      'Unable to connect to the server: net/http: TLS handshake timeout',
    ],
  },
  {
    id: 'pod-not-found',
    cause: 'pod-not-found',
    when: [
      /Error from server \(NotFound\): (?:\w+)(?:\.\w+)* "(?<name>[^"]+)" not found/,
      /(?:services|pods|namespaces|deployments(?:\.apps)?|statefulsets(?:\.apps)?) "(?<name>[^"]+)" not found/,
      /unable to forward port because pod is not running/,
      /pod is not running\. Current status=(?<value>\w+)/,
      /no (?:running )?pods? (?:found|available|matching)/,
      /selector .{0,80}no pods/,
      /cannot attach .{0,40}pod/,
      /unable to find a pod/,
      /timed out waiting for the condition.{0,40}pod/,
      /error: no matching resources/,
      /(?:CrashLoopBackOff|ImagePullBackOff|ErrImagePull)/,
    ],
    strength: 0.94,
    examples: [
      ['Error from server (NotFound): pods "erp-api-0" not found', {name: 'erp-api-0'}],
      ['error: unable to forward port because pod is not running. Current status=Pending', {value: 'Pending'}],
    ],
  },
  {
    id: 'forward-lost',
    cause: 'forward-lost',
    when: [
      /lost connection to pod/,
      /channel \d+: open failed: (?:connect failed|administratively prohibited)/,
      /^Connection to \S{1,80} closed by remote host/,
      /Timeout, server \S{1,80} not responding/,
      /client_loop: send disconnect: Broken pipe/,
      /(?:remote|local) port forwarding failed for listen port (?<port>\d+)/,
      /an error occurred forwarding \d+ -> (?<port>\d+)/,
      /error (?:creating|copying) .{0,40}(?:stream|connection).{0,60}(?:forward|remote)/,
      /error upgrading connection/,
      /portforward\.go.{0,200}error/,
      /network namespace for sandbox .{0,40}closed/,
    ],
    // The client at this end went away: each closed browser tab says so.
    unless: /local connection: readfrom .{0,160}(?:broken pipe|connection reset by peer)/,
    strength: 0.92,
    decide: (_, line) => (/Forbidden|forbidden/.test(line) ? 'cluster-unauthorized' : 'forward-lost'),
    examples: [
      'error: lost connection to pod',
      ['an error occurred forwarding 8080 -> 8000: error forwarding port 8000 to pod 3f1c', {port: 8000}],
    ],
  },
];
