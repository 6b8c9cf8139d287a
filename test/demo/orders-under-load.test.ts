import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import {ask, type Json, type Program, Rig} from './support/rig.js';

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

async function newArticle(url: string, number: string, quantity: number): Promise<number> {
  return (await ask(`${url}/api/v1/articles`, {number, name: number, priceCents: 100, quantity})).body.id;
}

async function allOrders(url: string): Promise<Json[]> {
  const orders = [];
  for (let offset = 0; ; offset += 200) {
    const page = (await ask(`${url}/api/v1/orders?limit=200&offset=${offset}`)).body;
    for (const {id} of page.items) orders.push((await ask(`${url}/api/v1/orders/${id}`)).body);
    if (offset + 200 >= page.total) return orders;
  }
}

function piecesOf(orders: Json[], articleId: number): number {
  const lines = orders.flatMap((order) => order.lines).filter((line) => line.articleId === articleId);
  return lines.reduce((sum: number, line: {quantity: number}) => sum + line.quantity, 0);
}

describe('two backends on one database', () => {
  it('start on an empty folder at the same time', async () => {
    const backends = [rig.start('backend'), rig.start('backend'), rig.start('migrate'), rig.start('worker')];
    const urls = await Promise.all([backends[0]?.url(), backends[1]?.url()]);
    for (const url of urls) expect((await ask(`${url ?? ''}/api/v1/articles`)).body.total).toBe(12);
    expect(await backends[2]?.exited).toMatchObject({code: 0});
    await backends[3]?.says(/worker ready\./);
  });

  it('never sell more than there is, with 100 orders at once', async () => {
    const [first, second] = await Promise.all([rig.start('backend').url(), rig.start('backend').url()]);
    const rare = await newArticle(first, 'RARE', 60);
    const common = await newArticle(first, 'COMMON', 1000);
    const answers = await Promise.all(
      Array.from({length: 100}, (_, index) => {
        // In both orders: with locks per article this would be a deadlock.
        const lines = [
          {articleId: rare, quantity: 1},
          {articleId: common, quantity: 2},
        ];
        const order = {customer: `customer ${index}`, lines: index % 4 < 2 ? lines : lines.reverse()};
        return ask(`${index % 2 === 0 ? first : second}/api/v1/orders`, order);
      }),
    );
    const sold = answers.filter(({status}) => status === 201);
    const refused = answers.filter(({status, body}) => status === 409 && body.error.code === 'insufficient_stock');
    expect([sold.length, refused.length]).toEqual([60, 40]);
    const left = async (id: number) => (await ask(`${second}/api/v1/articles/${id}`)).body.quantity;
    expect([await left(rare), await left(common)]).toEqual([0, 1000 - 120]);
    const orders = await allOrders(second);
    expect([piecesOf(orders, rare), piecesOf(orders, common)]).toEqual([60, 120]);
  });
});

describe('kill -9 in the middle of orders', () => {
  it('loses no order that was confirmed and leaves no half one', async () => {
    let backend: Program = rig.start('backend');
    let url = await backend.url();
    const articles = [await newArticle(url, 'K-1', 100_000), await newArticle(url, 'K-2', 100_000)] as const;
    const confirmed: number[] = [];
    for (let round = 1; round <= 3; round += 1) {
      const goal = round * 40;
      const customer = async () => {
        while (backend.running) {
          const lines = articles.map((articleId) => ({articleId, quantity: 3}));
          try {
            const {status, body} = await ask(`${url}/api/v1/orders`, {customer: 'x', lines});
            if (status === 201) confirmed.push(body.id);
          } catch {
            return; // the backend was killed under this order: it may or may not exist, but whole
          }
          if (confirmed.length >= goal) backend.child.kill('SIGKILL');
        }
      };
      await Promise.all(Array.from({length: 8}, customer));
      expect(await backend.exited).toMatchObject({signal: 'SIGKILL'});
      backend = rig.start('backend');
      url = await backend.url();

      const orders = await allOrders(url);
      const ids = new Set(orders.map(({id}) => id));
      expect(confirmed.filter((id) => !ids.has(id))).toEqual([]);
      for (const {lines, totalCents} of orders) {
        expect(lines).toHaveLength(2);
        expect(totalCents).toBe(600);
      }
      for (const id of articles) {
        const {quantity} = (await ask(`${url}/api/v1/articles/${id}`)).body;
        expect(quantity + piecesOf(orders, id)).toBe(100_000);
      }
      expect((await ask(`${url}/health`)).body.status).toBe('healthy');
    }
  });
});
