/** Names under which a package is installed, where they differ from the one that is imported. */
const distributions: Readonly<Record<string, string>> = {
  yaml: 'PyYAML',
  cv2: 'opencv-python',
  PIL: 'Pillow',
  bs4: 'beautifulsoup4',
  sklearn: 'scikit-learn',
  dotenv: 'python-dotenv',
  jwt: 'PyJWT',
  psycopg2: 'psycopg2-binary',
  MySQLdb: 'mysqlclient',
  dateutil: 'python-dateutil',
  Crypto: 'pycryptodome',
  OpenSSL: 'pyOpenSSL',
  ldap: 'python-ldap',
  magic: 'python-magic',
  serial: 'pyserial',
  usb: 'pyusb',
  docx: 'python-docx',
  pptx: 'python-pptx',
  multipart: 'python-multipart',
  jose: 'python-jose',
  attr: 'attrs',
  google: 'google-api-python-client',
  zmq: 'pyzmq',
  rest_framework: 'djangorestframework',
  corsheaders: 'django-cors-headers',
  git: 'GitPython',
  redis: 'redis',
  kafka: 'kafka-python',
  win32api: 'pywin32',
  fitz: 'PyMuPDF',
  slugify: 'python-slugify',
  wx: 'wxPython',
  Xlib: 'python-xlib',
}; // prettier-ignore

/** Programs whose package has another name. */
const packages: Readonly<Record<string, string>> = {
  pdftotext: 'poppler-utils',
  convert: 'imagemagick',
  psql: 'postgresql-client',
  pg_dump: 'postgresql-client',
  mysql: 'default-mysql-client',
  'redis-cli': 'redis-tools',
  'redis-server': 'redis-server',
  dig: 'dnsutils',
  nslookup: 'dnsutils',
  java: 'default-jre-headless',
  javac: 'default-jdk-headless',
  python: 'python-is-python3',
  pip: 'python3-pip',
  gunzip: 'gzip',
  ifconfig: 'net-tools',
  netstat: 'net-tools',
  soffice: 'libreoffice',
  chromium: 'chromium',
}; // prettier-ignore

export type Kind =
  | 'python'
  | 'node'
  | 'java'
  | 'go'
  | 'ruby'
  | 'perl'
  | 'php'
  | 'rust'
  | 'dotnet'
  | 'program'
  | 'library';

/** The command that brings a module. */
export function installOf(module: string, platform: NodeJS.Platform, kind?: Kind): string {
  if (module === '') return 'install what the line names, where this program runs';
  const top = module.split(/[./]/)[0] as string;
  switch (kind) {
    case 'python':
      return `${platform === 'win32' ? 'py' : 'python3'} -m pip install ${distributions[top] ?? top} (in the environment of the program); then: pip install -r requirements.txt`;
    case 'node':
      return /^[./~]|^[A-Za-z]:/.test(module)
        ? `look for the file ${module}; was it built (npm run build), or left out of the release?`
        : `npm install ${nodePackage(module)}; after a fresh checkout: npm ci`;
    case 'java':
      return `put the jar with ${module.replaceAll('/', '.')} on the class path (-cp), or build it again: mvn package, gradle build`;
    case 'go':
      return `go get ${module}; then: go mod tidy`;
    case 'ruby':
      return `bundle install (or: gem install ${module})`;
    case 'perl':
      return `cpanm ${module}`;
    case 'php':
      return `composer install (or: composer require the package of ${module}); an extension: the package php-NAME of the system`;
    case 'rust':
      return `cargo add ${module}`;
    case 'dotnet':
      return `dotnet restore; dotnet publish again: ${module} was left out`;
    case 'program':
      return installProgram(module, platform);
    case 'library':
      return platform === 'linux'
        ? `see what is missing: ldd PROGRAM; install its package: apt-file search ${module}, then sudo apt-get install PACKAGE`
        : `install the library ${module}; see what is missing: otool -L PROGRAM`;
    default:
      if (/\.(?:so[.\d]*|dylib|dll)$/.test(module)) return installOf(module, platform, 'library');
      if (/^[@./~]|\//.test(module)) return installOf(module, platform, 'node');
      return `install it where this program runs: python3 -m pip install ${distributions[top] ?? top}, npm install ${module}, or the package of the system; then look at the requirements of the release`;
  }
}

/** `@scope/name/deep/file` is in the package `@scope/name`. */
const nodePackage = (module: string): string =>
  module
    .split('/')
    .slice(0, module.startsWith('@') ? 2 : 1)
    .join('/');

function installProgram(program: string, platform: NodeJS.Platform): string {
  if (/[/\\]/.test(program)) return `is ${program} there, and executable? correct the path, or install the program`;
  const name = packages[program] ?? program;
  if (platform === 'darwin') return `brew install ${program}; is its folder in PATH?`;
  if (platform === 'win32') return `winget install ${program}; is its folder in PATH? (where ${program})`;
  return `sudo apt-get install ${name}; is its folder in PATH? (command -v ${program})`;
}
