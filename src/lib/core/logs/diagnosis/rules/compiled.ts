import {installOf} from '../install.js';
import {placeIn, sourcePlace} from '../places.js';
import type {Rule} from '../rule.js';

/** Go, Rust, C and C++: compilers, linkers, the loader, and how their programs die. */
export const compiled: readonly Rule[] = [
  {
    id: 'go-package',
    cause: 'missing-module',
    when: [
      /cannot find module providing package (?<module>[\w./-]+[\w-])/,
      /no required module provides package (?<module>[\w./-]+[\w-])/,
      /cannot find package ["']?(?<module>[\w./-]+[\w-])/,
      /package (?<module>[\w./-]+[\w-]) is not in (?:std|GOROOT)/,
      /missing go\.sum entry for module providing package (?<module>[\w./-]+[\w-])/,
    ],
    strength: 0.97,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'go'),
    examples: [
      [
        'main.go:3:8: cannot find module providing package github.com/gorilla/mux: import lookup disabled',
        {module: 'github.com/gorilla/mux'},
      ],
      ['main.go:4:2: no required module provides package github.com/lib/pq; to add it:', {module: 'github.com/lib/pq'}],
    ],
  },
  {
    id: 'go-compile',
    cause: 'syntax-error',
    when: [
      /^(?<file>[\w./-]+\.go):(?<line>\d+):\d+: (?:syntax error|undefined: |cannot use |declared and not used|missing return|undeclared|too many|not enough|invalid operation|expected |assignment mismatch|non-|".{1,80}" imported and not used|[\w.]+ redeclared|impossible |cannot |mismatched)/,
      /^(?<file>[\w./-]+\.go):(?<line>\d+):\d+: expected/,
    ],
    unless: /cannot find (?:package|module)/,
    strength: 0.95,
    examples: [['./main.go:4:20: undefined: vatRate', {file: './main.go', line: 4}]],
  },
  {
    id: 'go-version',
    cause: 'version-mismatch',
    when: [
      /go\.mod requires go >= (?<required>[\d.]+)(?: \(running go (?<actual>[\d.]+))?/,
      /requires go(?:lang)? ?>= ?(?<required>[\d.]+)/,
      /note: module requires Go (?<required>[\d.]+)/,
      /package requires newer Go version go?(?<required>[\d.]+)/,
    ],
    strength: 0.96,
    read: (subject) => ({name: 'go', ...subject}),
    examples: [
      ['go: go.mod requires go >= 1.25 (running go 1.22.2; GOTOOLCHAIN=local)', {required: '1.25', actual: '1.22.2'}],
    ],
  },
  {
    id: 'go-died',
    cause: 'unhandled-exception',
    when: [/^panic: (?<name>runtime error)/, /^panic: /, /^fatal error: (?<name>concurrent map .{1,30})/],
    strength: 0.7,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [
      [
        'panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:\nmain.total(...)\n\t/opt/erp/main.go:9\nmain.main()\n\t/opt/erp/main.go:5 +0x1d',
        {file: '/opt/erp/main.go', line: 9},
      ],
    ],
  },
  {
    id: 'go-deadlock',
    cause: 'hang',
    when: /all goroutines are asleep - deadlock/,
    strength: 0.97,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: ['fatal error: all goroutines are asleep - deadlock!'],
  },
  {
    id: 'signal-named',
    cause: 'killed-by-signal',
    when: [
      /^(?:.{0,40}\s)?(?<signal>SIG(?:QUIT|SEGV|ABRT|BUS|ILL|FPE)): (?:quit|segmentation|abort|bus|illegal|floating|arithmetic)/i,
      /\[signal (?<signal>SIG[A-Z]+)/,
      /received (?:unexpected )?signal (?<signal>SIG(?:SEGV|ABRT|BUS|ILL|FPE))/i,
      /A fatal error has been detected by the Java Runtime Environment/,
      /#\s+(?<signal>SIG(?:SEGV|BUS|ILL|FPE)) \(0x/,
      /\*\*\* (?:stack smashing|buffer overflow) detected/,
      /(?:double free or corruption|free\(\): invalid|malloc\(\): |munmap_chunk\(\)|realloc\(\): invalid|corrupted (?:size|double)|heap-buffer-overflow|AddressSanitizer:)/,
      /terminate called (?:after throwing|without an active)/,
      /Assertion [`'"].{1,200}['"] failed/,
    ],
    unless: /nil pointer|invalid memory address|^\[signal SIG.{1,60} code=0x/,
    strength: 0.9,
    read: (subject, line) => {
      if (subject['signal'] !== undefined) return subject;
      if (/fatal error has been detected by the Java/.test(line)) return subject;
      return {...subject, signal: 'SIGABRT'};
    },
    examples: [
      ['SIGQUIT: quit', {signal: 'SIGQUIT'}],
      ['free(): invalid pointer', {signal: 'SIGABRT'}],
      ['#  SIGSEGV (0xb) at pc=0x00007f, pid=12, tid=13', {signal: 'SIGSEGV'}],
    ],
  },
  {
    id: 'rust-compile',
    cause: 'syntax-error',
    when: [
      /^error\[E\d{4}\]: /,
      /^error: (?:expected|unexpected(?! argument)|mismatched|this file contains|unknown start|cannot find macro)/,
      /could not compile [`'](?<name>[\w-]+)[`']/,
    ],
    unless: /unresolved import|can't find crate|failed to resolve: use of (?:undeclared|unresolved)/,
    strength: 0.92,
    read: (subject, line, context) => {
      const match = [...context.block, ...context.near]
        .map((text) => /--> (\S+?):(\d+)/.exec(text))
        .find((one) => one !== null);
      return match === undefined
        ? {...sourcePlace(line, context), ...subject}
        : {file: match[1] as string, line: Number(match[2]), ...subject};
    },
    examples: [
      ['error[E0425]: cannot find value `rate` in this scope\n --> src/main.rs:4:5', {file: 'src/main.rs', line: 4}],
    ],
  },
  {
    id: 'rust-crate',
    cause: 'missing-module',
    when: [
      /can't find crate for [`'](?<module>\w+)/,
      /unresolved import [`'](?<module>[\w:]+)/,
      /failed to resolve: use of (?:undeclared|unresolved) (?:crate|module|crate or module) [`'](?<module>\w+)/,
      /no matching package named [`'](?<module>[\w-]+)[`'] found/,
    ],
    strength: 0.96,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'rust'),
    examples: [['error[E0432]: unresolved import `serde`', {module: 'serde'}]],
  },
  {
    id: 'rust-panic',
    cause: 'unhandled-exception',
    when: /thread ['"][^'"]{1,60}['"] (?:\(\d+\) )?panicked at (?:['"].{1,200}['"], )?(?<file>[\w./\\-]+\.rs):(?<line>\d+)/,
    strength: 0.68,
    examples: [
      [
        "thread 'main' panicked at src/main.rs:4:5:\nindex out of bounds: the len is 3 but the index is 9",
        {file: 'src/main.rs', line: 4},
      ],
    ],
  },
  {
    id: 'c-header',
    cause: 'missing-file',
    when: [
      /fatal error: (?<file>[\w./+-]+\.h(?:pp|xx)?): No such file or directory/,
      /fatal error: ['"](?<file>[\w./+-]+\.h(?:pp|xx)?)['"] file not found/,
      /No rule to make target ['"`](?<file>[^'"`]+)['"`]/,
      /\*\*\* No targets specified and no (?<file>makefile) found/,
    ],
    strength: 0.97,
    examples: [
      ['plc.c:1:10: fatal error: modbus/modbus.h: No such file or directory', {file: 'modbus/modbus.h'}],
      [
        "make: *** No rule to make target 'assets/logo.svg', needed by 'dist/logo.svg'.  Stop.",
        {file: 'assets/logo.svg'},
      ],
    ],
  },
  {
    id: 'c-compile',
    cause: 'syntax-error',
    when: [
      /(?<file>[\w./+-]+\.(?:c|cc|cpp|cxx|h|hpp|m)):(?<line>\d+)(?::\d+)?: error: /,
      /^(?<file>[\w./-]*[Mm]akefile|[\w./-]+\.mk):(?<line>\d+): \*\*\* (?:missing separator|unterminated)/,
    ],
    unless: /No such file/,
    strength: 0.95,
    examples: [["plc.c:3:5: error: expected ';' before 'return'", {file: 'plc.c', line: 3}]],
  },
  {
    id: 'no-linker',
    cause: 'missing-module',
    when: /\blinker [`'"‘](?<module>[\w.+-]+)[`'"’] not found/,
    strength: 0.96,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform),
    examples: [['error: linker `cc` not found', {module: 'cc'}]],
  },
  {
    id: 'linker',
    cause: 'import-error',
    when: [
      /undefined reference to [`'"‘](?<name>[\w:~]+)/,
      /symbol lookup error: (?<module>[^:]+): undefined symbol: (?<name>\w+)/,
      /undefined symbol: (?<name>\w+)/,
      /Symbol not found: _?(?<name>\w+)/,
      /procedure entry point (?<name>\S+) could not be located/,
    ],
    strength: 0.96,
    examples: [
      [
        '/opt/erp/bin/scale: symbol lookup error: /opt/erp/lib/libscale.so: undefined symbol: weigh_tare',
        {name: 'weigh_tare', module: '/opt/erp/lib/libscale.so'},
      ],
    ],
  },
  {
    id: 'loader-library',
    cause: 'missing-module',
    when: [
      /error while loading shared libraries: (?<module>[\w.+-]+)/,
      /(?:^|[\s:'"])(?<module>[\w.+/-]+\.so[.\d]*): cannot open shared object/,
      /Library not loaded: (?<module>\S+)/,
      /Error loading shared library (?<module>[\w.+-]+):/,
      /cannot find -l(?<module>[\w+-]+)/,
      /dlopen\(\) (?:for: |['"])?(?<module>\S+?)['"]? failed/,
      /dlopen failed: library ["'](?<module>[^"']+)["'] not found/,
      /Package (?<module>[\w.+-]+) was not found in the pkg-config search path|No package ['"](?<module2>[\w.+-]+)['"] found/,
      /The code execution cannot proceed because (?<module>\S+) was not found/,
    ],
    strength: 0.97,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'library'),
    examples: [
      [
        'error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory',
        {module: 'libpq.so.5'},
      ],
      ['/usr/bin/ld: cannot find -lmodbus: No such file or directory', {module: 'modbus'}],
      ['dlopen() for: /usr/lib/lighttpd/mod_magnet.so failed', {module: '/usr/lib/lighttpd/mod_magnet.so'}],
    ],
  },
  {
    id: 'loader-version',
    cause: 'version-mismatch',
    when: [
      /version [`'"‘](?<required>[A-Z]+_[\d.]+)['"’] not found/,
      /cannot execute binary file|Exec format error/,
      /wrong ELF class/,
      /mach-o, but wrong architecture|incompatible architecture/,
      /%1 is not a valid Win32 application/,
      /FATAL: kernel too old/,
    ],
    strength: 0.96,
    read: (subject, line) => (/GLIBC/.test(line) ? {name: 'glibc', ...subject} : subject),
    examples: [
      [
        "/opt/erp/bin/x: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /opt/erp/bin/x)",
        {required: 'GLIBC_2.38', name: 'glibc'},
      ],
      '/opt/erp/bin/agent: cannot execute binary file: Exec format error',
    ],
  },
];
