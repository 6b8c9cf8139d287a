import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** Message brokers: AMQP, Kafka, MQTT, NATS, STOMP. */
export const brokers: readonly Rule[] = [
  {
    id: 'broker-away',
    cause: 'broker-unreachable',
    when: [
      /Topic (?<name>[\w.-]+) not present in metadata after/,
      /Timed out waiting for a node assignment|Failed to update metadata after/,
      /NoBrokersAvailable/i,
      /\bNatsError: (?:CONNECTION_REFUSED|TIMEOUT)|\bstomp\.exception\.ConnectFailed/i,
      /Connection to broker lost/i,
      /consumer: Cannot connect to/i,
      /AMQPConnectionError/i,
      /ACCESS_REFUSED/i,
      /KafkaJSConnectionError/i,
      /KafkaJSNumberOfRetriesExceeded/i,
      /(?:Broker|brokers?) (?:may not be|not) available/i,
      /Failed to (?:connect to|update metadata from) broker/i,
      /Bootstrap broker .{0,80}disconnected/i,
      /could not be established\. Broker may not be available/i,
      /kombu\.exceptions\.OperationalError/i,
      /brokers are down/i,
      /AllBrokersDown/i,
      /All broker/i,
      /unable to (?:connect|reach) .{0,40}broker/i,
      /MQTT.{0,40}(?:refused|not connected)/i,
      /nats: no servers available/i,
      /No route to broker/i,
      /ShutdownSignalException/i,
      /IncompatibleProtocolError/i,
      /Probable(?:Authentication|AccessDenied)Error/i,
      /AMQP.{0,60}(?:refused|closed|Connect)/i,
      /\bRabbitMQ\b.{0,60}\b(?:not|unable|fail(?:ed|s|ure)?|refused)\b/i,
      /Connection to node -?\d+ .{0,60}could not be established/i,
    ],
    strength: 0.92,
    read: withEndpoint,
    examples: [
      [
        '[Errno 111] consumer: Cannot connect to amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused.',
        {host: '127.0.0.1', port: 5672},
      ],
      'kafka.errors.NoBrokersAvailable: NoBrokersAvailable',
    ],
  },
];
