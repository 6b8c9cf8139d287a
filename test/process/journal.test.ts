import {describe, expect, it} from '@jest/globals';
import {appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {FileJournal} from '../../src/lib/platform/journal.js';
import {until} from './rig.js';

function makeJournal() {
  const dir = mkdtempSync(join(tmpdir(), 'erp-journal-'));
  const problems: string[] = [];
  const open = () => new FileJournal(dir, (level, text) => problems.push(`${level} ${text}`));
  const journal = open();
  const path = join(dir, 'journal', 'web.jsonl');
  return {
    dir,
    journal,
    open,
    path,
    problems,
    [Symbol.dispose]: () => {
      journal.close();
      rmSync(dir, {recursive: true, force: true});
    },
  };
}

describe('journal', () => {
  it('keeps what was appended, for the next one', () => {
    using rig = makeJournal();
    rig.journal.append('web', {intent: 1});
    rig.journal.append('web', {spawned: 'ü\n'});
    rig.journal.append('api', {n: 1});
    const next = rig.open();
    expect(next.services()).toEqual(['api', 'web']);
    expect(next.read('web')).toEqual({records: [{intent: 1}, {spawned: 'ü\n'}], problem: null});
    expect(next.read('nobody')).toEqual({records: [], problem: null});
    next.close();
  });

  it('cuts a torn tail, skips garbage, and says so', () => {
    using rig = makeJournal();
    mkdirSync(join(rig.dir, 'journal'), {recursive: true});
    writeFileSync(rig.path, '{"a":1}\nnonsense\n[1]\n{"b":2}\n{"c":');
    const {records, problem} = rig.journal.read('web');
    expect(records).toEqual([{a: 1}, {b: 2}]);
    expect(problem).toContain('line 2 is no record');
    expect(problem).toContain('unfinished last line (5 characters) was cut off');
    rig.journal.append('web', {d: 4});
    expect(rig.journal.read('web').records).toEqual([{a: 1}, {b: 2}, {d: 4}]);
    expect(readFileSync(rig.path, 'utf8')).toBe('{"a":1}\nnonsense\n[1]\n{"b":2}\n{"d":4}\n');
    expect(rig.problems).toEqual([`WARNING ${rig.path}: the unfinished last line was cut off.`]);
  });

  it('completes a last line that lacks only its end', () => {
    using rig = makeJournal();
    mkdirSync(join(rig.dir, 'journal'), {recursive: true});
    writeFileSync(rig.path, '{"a":1}');
    rig.journal.append('web', {b: 2});
    expect(rig.journal.read('web')).toEqual({records: [{a: 1}, {b: 2}], problem: null});
  });

  it('is compacted by rename and goes on behind it', () => {
    using rig = makeJournal();
    for (let n = 0; n < 100; n++) rig.journal.append('web', {n});
    const before = statSync(rig.path).ino;
    rig.journal.compact('web', [{state: 'all'}]);
    expect(statSync(rig.path).ino).not.toBe(before);
    rig.journal.append('web', {after: 1});
    expect(rig.journal.read('web').records).toEqual([{state: 'all'}, {after: 1}]);
  });

  it('is back with what it has only read, too', () => {
    using rig = makeJournal();
    rig.journal.append('web', {spawned: 1});
    const next = rig.open();
    next.read('web');
    rmSync(join(rig.dir, 'journal'), {recursive: true});
    next.check();
    next.close();
    expect(rig.open().read('web').records).toEqual([{spawned: 1}]);
  });

  it('is back with all it knew when the state folder is deleted under it', async () => {
    using rig = makeJournal();
    rig.journal.append('web', {n: 1});
    rmSync(rig.dir, {recursive: true});
    rig.journal.check();
    expect(rig.journal.read('web').records).toEqual([{n: 1}]);
    rmSync(rig.dir, {recursive: true});
    let n = 2;
    await until('appending notices it as well', () => {
      rig.journal.append('web', {n: n++});
      return statSync(rig.path, {throwIfNoEntry: false});
    });
    expect(rig.journal.read('web').records).toEqual(Array.from({length: n - 1}, (_, i) => ({n: i + 1})));
  });

  it('survives a folder that can not be written, and catches up', () => {
    using rig = makeJournal();
    rmSync(join(rig.dir, 'journal'), {recursive: true});
    writeFileSync(join(rig.dir, 'journal'), 'a file is in the way');
    rig.journal.append('web', {n: 1});
    rig.journal.append('web', {n: 2});
    expect(rig.problems).toHaveLength(1);
    rmSync(join(rig.dir, 'journal'));
    rig.journal.append('web', {n: 3});
    expect(rig.journal.read('web').records).toEqual([{n: 1}, {n: 2}, {n: 3}]);
  });

  it('refuses names that lead elsewhere', () => {
    using rig = makeJournal();
    expect(() => rig.journal.append('../x', {})).toThrow('not a service name');
    appendFileSync(join(rig.dir, 'journal', 'other.txt'), '');
    expect(rig.journal.services()).toEqual([]);
  });
});
