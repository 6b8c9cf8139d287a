import {describe, expect, it} from '@jest/globals';
import {LiveRegion} from '../../src/cli/progress/live-region.js';
import {screenOf} from '../support/screen.js';

function terminal(columns: number, rows: number) {
  let text = '';
  const write = (more: string) => {
    // The terminal's line discipline makes two of each line break.
    text += more.replaceAll('\n', '\r\n');
  };
  return {columns, rows, write, screen: () => screenOf(text, columns, rows)};
}

describe('the live region', () => {
  it('does not take away what somebody else printed while rows stood there', () => {
    const view = terminal(60, 10);
    let row = '⠦ frontend  ready, silent';
    const region = new LiveRegion(view, () => [row]);
    region.flush();
    region.beside(() => view.write('● healthy after 1s\n'));
    row = '⠧ frontend  ready, silent';
    region.flush();
    region.tell(['09:41:07 ▼ backend   exited']);
    region.close();
    expect(view.screen()).toEqual(['● healthy after 1s', '09:41:07 ▼ backend   exited', '']);
  });

  it('what is told scrolls up once, however many rows there are', () => {
    const view = terminal(60, 6);
    const region = new LiveRegion(view, () => Array.from({length: 30}, (_, index) => `row ${index}`));
    for (let index = 0; index < 12; index += 1) region.tell([`told ${index}`]);
    expect(view.screen()).toEqual([
      ...Array.from({length: 12}, (_, index) => `told ${index}`),
      ...Array.from({length: 5}, (_, index) => `row ${index}`),
      '',
    ]);
    region.close();
    expect(view.screen()).toEqual([...Array.from({length: 12}, (_, index) => `told ${index}`), '']);
  });

  it('the ^C that the terminal echoes is overwritten', () => {
    const view = terminal(60, 10);
    const region = new LiveRegion(view, () => []);
    view.write('^C');
    region.tell(['Stopping 3 services.']);
    expect(view.screen()).toEqual(['Stopping 3 services.', '']);
  });
});
