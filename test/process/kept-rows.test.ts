import {describe, expect, it} from '@jest/globals';
import {KeptRows} from '../../src/lib/platform/kept-rows.js';
import type {ProcessRow, ProcessTable} from '../../src/lib/platform/process-table.js';

/** A table of processes by pid; remembers whose rows were read. */
class Table {
  readonly startTimes = new Map<number, string>();
  last: number | null = 0;
  asked: number[] = [];

  bear(pid: number, startTime = String(pid)): void {
    this.startTimes.set(pid, startTime);
    this.last = pid;
  }

  get asTable(): ProcessTable {
    const table: Partial<ProcessTable> = {
      pids: () => [...this.startTimes.keys()],
      lastPid: () => this.last,
      read: (pid) => {
        this.asked.push(pid);
        const startTime = this.startTimes.get(pid);
        return startTime === undefined ? null : ({pid, startTime} as ProcessRow);
      },
    };
    return table as ProcessTable;
  }

  /** @returns whose rows were read, and the start times of all */
  async scan(rows: KeptRows, wanted: readonly number[] = []): Promise<{asked: number[]; found: string[]}> {
    this.asked = [];
    const found = await new Promise<readonly ProcessRow[]>((done) => rows.scan((pid) => wanted.includes(pid), done));
    return {asked: this.asked, found: found.map((row) => row.startTime)};
  }
}

describe('kept rows', () => {
  const table = new Table();
  const rows = new KeptRows(table.asTable);

  it('reads strangers once and those who are wanted each time', async () => {
    for (const pid of [1, 500, 900]) table.bear(pid);
    expect(await table.scan(rows)).toEqual({asked: [1, 500, 900], found: ['1', '500', '900']});
    expect(await table.scan(rows, [500])).toEqual({asked: [500], found: ['1', '500', '900']});
  });

  it('reads who was born since, and forgets who is gone', async () => {
    table.bear(901);
    table.startTimes.delete(1);
    expect(await table.scan(rows)).toEqual({asked: [901], found: ['500', '900', '901']});
  });

  it('reads a number again that was given to somebody else, also behind the highest one', async () => {
    table.bear(30_000);
    await table.scan(rows);
    table.startTimes.delete(500);
    table.bear(31_000);
    table.bear(500, 'later');
    expect((await table.scan(rows)).asked.sort()).toEqual([31_000, 500]);
    table.bear(900, 'later');
    const {asked, found} = await table.scan(rows);
    expect(asked).toEqual([900]);
    expect(found).toEqual(expect.arrayContaining(['later', 'later', '901']));
  });

  it('drops somebody wanted who is gone although nobody was born', async () => {
    table.startTimes.delete(901);
    const {found} = await table.scan(rows, [901]);
    expect(found).not.toContain('901');
  });

  it('reads everybody where the system does not tell who came last', async () => {
    table.last = null;
    expect((await table.scan(rows)).asked).toHaveLength(table.startTimes.size);
    expect((await table.scan(rows)).asked).toHaveLength(table.startTimes.size);
  });
});
