// Draws docs/images/start.svg from a real run: the demo ERP in a real terminal (tmux), a crash, its recovery, a status.
// What stands in the picture is what the terminal showed; only clock, pids and the folder differ from run to run.
//   node scripts/build.mjs && node scripts/terminal-picture.mjs
import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const columns = 92;
const work = mkdtempSync(join(tmpdir(), 'erp-picture-'));
const project = join(work, 'acme-erp');
const bin = join(work, 'bin');
for (const folder of [project, bin, join(work, 'run')]) mkdirSync(folder, {mode: 0o700});
writeFileSync(join(bin, 'erp'), `#!/bin/sh\nexec "${process.execPath}" "${root}bin/run.js" "$@"\n`, {mode: 0o755});
const env = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  XDG_RUNTIME_DIR: join(work, 'run'),
  TERM: 'xterm-256color',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  PS1: '$ ',
  HISTFILE: '',
};
for (const name of ['CI', 'NO_COLOR', 'FORCE_COLOR', 'TMUX']) delete env[name];

const socket = join(work, 'tmux');
function tmux(...args) {
  const {status, stdout, stderr} = spawnSync('tmux', ['-u', '-S', socket, ...args], {env, cwd: project});
  if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
  return stdout.toString('utf8').replace(/\n+$/, '');
}
const erp = (...args) => spawnSync(process.execPath, [`${root}bin/run.js`, ...args], {env, cwd: project});
const screen = (name, ...args) => tmux('capture-pane', '-p', '-t', name, ...args);

async function until(what, answer, limitMs = 30_000) {
  for (const end = Date.now() + limitMs; Date.now() < end; await sleep(200)) if (answer()) return;
  throw new Error(`${what} did not come; the screen:\n${screen('first')}`);
}

async function type(name, line) {
  tmux('send-keys', '-t', name, '-l', line);
  tmux('send-keys', '-t', name, 'Enter');
  await sleep(300);
}

async function record() {
  const shell = ['bash', '--noprofile', '--norc', '-i'];
  tmux('new-session', '-d', '-s', 'first', '-x', String(columns), '-y', '40', ...shell);
  tmux('new-session', '-d', '-s', 'second', '-x', String(columns), '-y', '16', ...shell);
  await until('a prompt', () => /\$ *$/.test(screen('first')));
  for (const name of ['first', 'second']) await type(name, 'clear');
  await type('first', 'erp start --demo');
  await until('a healthy demo', () => /(healthy|degraded) after/.test(screen('first')));
  await sleep(4000);
  const crash = erp('demo', 'crash');
  if (crash.status !== 0) throw new Error(`erp demo crash: ${crash.stderr}`);
  await until('the recovery', () => /away \d/.test(screen('first')));
  // Long enough for the first samples of the new process.
  await sleep(7000);
  await type('second', 'erp status');
  await until('a status', () => /MEM/.test(screen('second')));
  await sleep(500);
  const shots = ['first', 'second'].map((name) => screen(name, '-e'));
  tmux('send-keys', '-t', 'first', 'C-c');
  await until('the end', () => /\$ *$/.test(screen('first')));
  return shots;
}

// ——— ANSI to SVG ———

const colours = {31: '#ff6b60', 32: '#5fd38d', 33: '#e5c04b', 35: '#d58ce6', 36: '#5cc8e0'};
const ink = '#d7dce2';
const surface = '#14181d';
const cell = {width: 8.43, height: 19};

/** Runs of one look: tmux has already resolved every movement of the cursor, what is left are colours. */
function runsOf(line) {
  const runs = [];
  let look = {colour: ink, bold: false, dim: false};
  let column = 0;
  for (const part of line.split(/(\u001b\[[\d;]*m|\u000e|\u000f)/)) {
    const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes === undefined) {
      if (part.trim() !== '' && !/^[\u000e\u000f]$/.test(part)) runs.push({...look, column, text: part});
      if (!/^[\u000e\u000f]$/.test(part)) column += [...part].length;
      continue;
    }
    for (const code of codes.split(';').map(Number)) {
      if (code === 0) look = {colour: ink, bold: false, dim: false};
      else if (code === 1) look = {...look, bold: true};
      else if (code === 2) look = {...look, dim: true};
      else if (code === 22) look = {...look, bold: false, dim: false};
      else if (code === 39) look = {...look, colour: ink};
      else if (code in colours) look = {...look, colour: colours[code]};
    }
  }
  return runs;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function drawLine(line, y) {
  return runsOf(line).flatMap(({colour, bold, dim, column, text}) => {
    const look = `fill="${colour}"${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}`;
    // Each word stands in its own column: fonts differ in width, and marks may come from another font.
    return [...text.matchAll(/\S+(?: \S+)*/g)].map(({0: words, index}) => {
      const x = (16 + (column + [...text.slice(0, index)].length) * cell.width).toFixed(1);
      const length = ([...words].length * cell.width).toFixed(1);
      return `<text x="${x}" y="${y}" ${look} textLength="${length}" lengthAdjust="spacingAndGlyphs">${escaped(words)}</text>`;
    });
  });
}

function draw(shots) {
  const lines = [];
  const rules = [];
  let y = 30;
  for (const [index, shot] of shots.entries()) {
    if (index > 0) {
      rules.push(`<line x1="0" x2="100%" y1="${y - 8}" y2="${y - 8}" stroke="#343c46"/>`);
      y += cell.height - 2;
    }
    for (const line of shot.split('\n')) {
      lines.push(...drawLine(line, y));
      y += cell.height;
    }
  }
  const width = Math.ceil(32 + columns * cell.width);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="erp start --demo: four services come up; the backend crashes, erp names exit code, evidence and remedy and brings it back; erp status in a second terminal">
<rect width="100%" height="100%" rx="8" fill="${surface}"/>
${rules.join('\n')}
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">
${lines.join('\n')}
</g>
</svg>
`;
}

try {
  const shots = (await record()).map((shot) => shot.replaceAll(root, '/opt/erp/'));
  mkdirSync(join(root, 'docs/images'), {recursive: true});
  writeFileSync(join(root, 'docs/images/start.svg'), draw(shots));
  console.log(shots.join('\n\n'));
} finally {
  erp('stop', '--now');
  spawnSync('tmux', ['-S', socket, 'kill-server'], {env});
  rmSync(work, {recursive: true, force: true});
}
