import {installOf} from '../install.js';
import {placeIn} from '../places.js';
import type {Rule} from '../rule.js';

/** .NET, PowerShell, services of Windows. */
export const dotnet: readonly Rule[] = [
  {
    id: 'dotnet-assembly',
    cause: 'missing-module',
    when: [
      /Could not load file or assembly ['"](?<module>[\w.]+)/,
      /Unable to load (?:shared library|DLL) ['"](?<module>[\w.-]+)/,
      /The specified module ['"](?<module>[\w.-]+)['"] was not loaded/,
      /error CS0246: The type or namespace name ['"](?<module>[\w.]+)['"]/,
      /error NU1101: Unable to find package (?<module>[\w.]+\w)/,
    ],
    strength: 0.96,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'dotnet'),
    examples: [
      [
        "System.IO.FileNotFoundException: Could not load file or assembly 'Npgsql, Version=8.0.0.0'",
        {module: 'Npgsql'},
      ],
    ],
  },
  {
    id: 'dotnet-framework',
    cause: 'version-mismatch',
    when: [
      /You must install (?:or update )?\.NET/,
      /[Ff]ramework:? ['"](?<name>Microsoft\.[\w.]+)['"], version ['"](?<required>[\d.]+)['"]/,
      /A compatible \.NET SDK was not found|Requested SDK version: (?<required>[\d.]+)/,
      /error NETSDK1045.{0,120}(?<required>\.NET [\d.]+)/,
    ],
    strength: 0.96,
    examples: [["Framework: 'Microsoft.AspNetCore.App', version '9.0.0' (x64)", {required: '9.0.0'}]],
  },
  {
    id: 'dotnet-compile',
    cause: 'syntax-error',
    when: [
      /(?<file>[\w./\\-]+\.(?:cs|fs|vb|cshtml|razor))\((?<line>\d+),\d+\): error (?:CS|FS|BC|RZ)\d+/,
      /At (?<file>.{1,200}\.ps1):(?<line>\d+) char:\d+/,
      /(?:FullyQualifiedErrorId|CategoryInfo) *: ParserError/,
    ],
    unless: /CS0246/,
    strength: 0.88,
    examples: [['Program.cs(4,20): error CS1002: ; expected', {file: 'Program.cs', line: 4}]],
  },
  {
    id: 'dotnet-settings',
    cause: 'config-invalid',
    when: [
      /Failed to load configuration from file ['"](?<file>[^'"]+)['"]/,
      /InvalidDataException: Failed to load configuration/,
      /Could not parse the JSON file/,
      /Microsoft\.Extensions\.Options\.OptionsValidationException/,
      /Format of the initialization string does not conform/,
      /Invalid url: ['"](?<value>[^'"]+)['"]/,
    ],
    strength: 0.95,
    examples: [
      [
        "System.IO.InvalidDataException: Failed to load configuration from file '/opt/erp/appsettings.json'.",
        {file: '/opt/erp/appsettings.json'},
      ],
    ],
  },
  {
    id: 'dotnet-uncaught',
    cause: 'unhandled-exception',
    when: [
      /Unhandled exception\. (?<name>[\w.]+(?:Exception|Error))/,
      /Hosting failed to start|Host terminated unexpectedly/,
    ],
    strength: 0.64,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [
      [
        'Unhandled exception. System.NullReferenceException: Object reference not set to an instance of an object.\n   at Erp.Close.Run() in /src/Close.cs:line 12',
        {name: 'System.NullReferenceException', file: '/src/Close.cs', line: 12},
      ],
    ],
  },
];
