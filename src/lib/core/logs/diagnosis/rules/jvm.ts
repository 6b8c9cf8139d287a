import {installOf} from '../install.js';
import {placeIn, sourcePlace} from '../places.js';
import type {Rule} from '../rule.js';

/** Java, Spring and other things on the JVM; .NET stands in a file of its own. */
export const jvm: readonly Rule[] = [
  {
    id: 'java-class',
    cause: 'missing-module',
    when: [
      /Could not find or load main class (?<module>[\w.$]+)/,
      /(?:ClassNotFoundException|NoClassDefFoundError): (?<module>[\w.$/]+)/,
      /error: package (?<module>[\w.]+) does not exist/,
      /error: module not found: (?<module>[\w.]+)|module (?<module2>[\w.]+) not found(?:, required by|$)/,
      /no (?<module>\w+) in java\.library\.path/,
      /Could not (?:find|resolve) artifact (?<module>[\w.:-]+)|Could not resolve (?!placeholder)(?<module2>[\w.-]+:[\w.-]+:[\w.-]+)/,
      /No suitable driver found for (?<module>jdbc:\w+)/,
      /Cannot load driver class: (?<module>[\w.$]+)|Failed to load driver class (?<module2>[\w.$]+)/,
      /Failed to determine a suitable driver class/,
    ],
    unless: /could not initialize class/i,
    strength: 0.96,
    read: (subject) => {
      const {module} = subject;
      return typeof module === 'string' ? {...subject, module: module.replaceAll('/', '.')} : subject;
    },
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'java'),
    examples: [
      [
        'Error: Could not find or load main class com.acme.erp.batch.NightlyClose',
        {module: 'com.acme.erp.batch.NightlyClose'},
      ],
      ['Caused by: java.lang.ClassNotFoundException: org.postgresql.Driver', {module: 'org.postgresql.Driver'}],
    ],
  },
  {
    id: 'java-linkage',
    cause: 'import-error',
    when: [
      /NoSuchMethodError: ['"]?(?:[\w.$<>[\]]+ )?(?<name>[\w.$]+(?:\.<init>)?)/,
      /NoSuchFieldError: (?:Class \S+ does not have member field ['"])?(?<name>[\w.$ ]+)/,
      /AbstractMethodError: (?<name>.{1,120})/,
      /IncompatibleClassChangeError: (?<name>.{1,120})/,
      /UnsatisfiedLinkError: (?<name>.{1,120})/,
      /Requested bean is currently in creation|The dependencies of some of the beans in the application context form a cycle/,
    ],
    strength: 0.96,
    examples: [
      [
        'Exception in thread "main" java.lang.NoSuchMethodError: \'double com.acme.Money.round2(double)\'',
        {name: 'com.acme.Money.round2'},
      ],
    ],
  },
  {
    id: 'java-version',
    cause: 'version-mismatch',
    when: [
      /class file version (?<required>[\d.]+)\).{0,120}up to (?<actual>[\d.]+)/,
      /UnsupportedClassVersionError/,
      /error: invalid (?:target|source) release: (?<required>[\d.]+)/,
      /release version (?<required>\d+) not supported/,
      /bad class file.{0,200}wrong version (?<actual>[\d.]+), should be (?<required>[\d.]+)/,
      /requires (?:at least )?(?:JVM runtime version|Java) (?<required>\d+)/i,
      /(?:Unsupported|Minimum|minimum supported) (?:Java|JDK|JVM).{0,20}version/i,
      /Dependency requires at least JVM runtime version (?<required>\d+)/,
    ],
    strength: 0.96,
    read: (subject) => ({name: 'Java', ...subject}),
    examples: [
      [
        'java.lang.UnsupportedClassVersionError: App has been compiled by a more recent version of the Java Runtime (class file version 69.0), this version of the Java Runtime only recognizes class file versions up to 61.0',
        {required: '69.0', actual: '61.0'},
      ],
    ],
  },
  {
    id: 'java-compile',
    cause: 'syntax-error',
    when: [
      /(?<file>[\w./$-]+\.(?:java|kt|scala)):(?<line>\d+)(?::\d+)?: error: /,
      /\[ERROR\] (?<file>\S+\.(?:java|kt)):\[(?<line>\d+),\d+\]/,
      /e: (?:file:\/\/)?(?<file>\S+\.kts?):(?<line>\d+):\d+/,
      /COMPILATION ERROR|Compilation failed; see the compiler/,
    ],
    unless: /package .{1,80} does not exist/,
    strength: 0.93,
    read: (subject, line, context) => ({...sourcePlace(line, context), ...subject}),
    examples: [["Close.java:4: error: ';' expected", {file: 'Close.java', line: 4}]],
  },
  {
    id: 'java-file',
    cause: 'missing-file',
    when: [
      /Unable to access jarfile (?<file>.{1,200})/,
      /(?:FileNotFoundException|NoSuchFileException): (?<file>[^\s(]{1,200})(?: \(No such file or directory\)|$)/,
      /FileNotFoundException: (?:class path resource \[)?(?<file>[\w./-]+)\]? cannot be opened because it does not exist/,
      /Config data resource 'file \[(?<file>[^\]]+)\]'.{0,80}does not exist/,
    ],
    strength: 0.96,
    examples: [
      ['Error: Unable to access jarfile /opt/erp/lib/erp-batch.jar', {file: '/opt/erp/lib/erp-batch.jar'}],
      [
        'java.io.FileNotFoundException: config/erp.properties (No such file or directory)',
        {file: 'config/erp.properties'},
      ],
    ],
  },
  {
    id: 'java-settings',
    cause: 'config-invalid',
    when: [
      /Unrecognized (?:VM )?option:? ['"]?(?<name>[\w+:=-]+)/,
      /(?:Invalid|Improperly specified VM option|Conflicting).{0,30}(?:initial |maximum )?(?:heap size|VM option ['"]?(?<name>[\w+=:-]+))/,
      /Unrecognized property: |Property: (?<name>[\w.-]+)$/,
      /Failed to bind properties under ['"](?<name>[\w.-]+)['"]/,
      /Binding to target .{1,200} failed/,
      /InvalidConfigurationPropertyValueException: Property (?<name>[\w.-]+)/,
      /Failed to configure a DataSource: ['"]?(?<name>\w+)['"]? attribute is not specified/,
      /ScannerException: |ParserException: .{0,40}(?:while parsing|expected)/,
      /Error: Could not create the Java Virtual Machine/,
      /NumberFormatException: For input string: "(?<value>[^"]{1,60})".{0,20}(?:port|timeout)/,
      /MalformedURLException|URISyntaxException/,
    ],
    strength: 0.93,
    examples: [
      ["Unrecognized VM option 'UseFastGarbageCollector'", {name: 'UseFastGarbageCollector'}],
      ["Failed to bind properties under 'server.port' to java.lang.Integer:", {name: 'server.port'}],
    ],
  },
  {
    id: 'java-environment',
    cause: 'missing-env-var',
    when: /Could not resolve placeholder ['"](?<variable>[\w.-]+)['"]/,
    strength: 0.96,
    examples: [['Could not resolve placeholder \'ERP_DB_URL\' in value "${ERP_DB_URL}"', {variable: 'ERP_DB_URL'}]],
  },
  {
    id: 'java-deadlock',
    cause: 'hang',
    when: /Found (?:one|\d+) Java-level deadlock|DEADLOCK|HikariPool-\d+ - Connection is not available, request timed out/i,
    unless: /SQL|transaction|ORA-|InnoDB/i,
    strength: 0.95,
    decide: (_, line) => (/HikariPool/.test(line) ? 'database-unreachable' : 'hang'),
    examples: ['Found one Java-level deadlock:'],
  },
  {
    id: 'java-uncaught',
    cause: 'unhandled-exception',
    when: [
      /^Exception in thread "[^"]{1,80}" (?<name>[\w.$]+(?:Exception|Error))/,
      /^Caused by: (?<name>[\w.$]+(?:Exception|Error))/,
      /Application run failed/,
    ],
    unless: /OutOfMemory|ClassNotFound|NoClassDef|NoSuchMethod|UnsupportedClass/,
    strength: 0.62,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [
      [
        'Exception in thread "main" java.lang.IllegalStateException: ledger is closed\n\tat com.acme.Close.run(Close.java:12)',
        {name: 'java.lang.IllegalStateException', file: 'Close.java', line: 12},
      ],
    ],
  },
];
