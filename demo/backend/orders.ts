import {ApiError} from '../lib/api-error.js';
import type {Database} from '../lib/database.js';
import {moveStock} from './articles.js';
import {Input, paging} from './input.js';
import type {Route} from './router.js';

interface OrderLine {
  readonly articleId: number;
  readonly quantity: number;
}

/** Orders of one or more lines. An order takes its pieces from stock in the same transaction, or does not exist. */
export function orderRoutes(db: Database): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/orders',
      answer: ({query}) => {
        const {limit, offset} = paging(query);
        const items = db.all(
          `SELECT id, customer, total_cents AS totalCents, created_at AS createdAt,
             (SELECT COUNT(*) FROM order_lines WHERE order_id = orders.id) AS lineCount
           FROM orders ORDER BY id DESC LIMIT ? OFFSET ?`,
          limit,
          offset,
        );
        const {total} = db.get('SELECT COUNT(*) AS total FROM orders') as {total: number};
        return {status: 200, body: {items, total, limit, offset}};
      },
    },
    {
      method: 'POST',
      path: '/api/v1/orders',
      answer: async (call) => {
        const input = new Input(await call.json());
        const customer = input.text('customer', {max: 200});
        const lines = input.list('lines', {min: 1, max: 100}, (line) => ({
          articleId: line.integer('articleId', {min: 1, max: Number.MAX_SAFE_INTEGER}),
          quantity: line.integer('quantity', {min: 1, max: 1_000_000}),
        }));
        input.check();
        const id = db.transaction(() => placeOrder(db, customer, lines));
        return {status: 201, body: readOrder(db, id), headers: {location: `/api/v1/orders/${String(id)}`}};
      },
    },
    {method: 'GET', path: '/api/v1/orders/:id', answer: ({id}) => ({status: 200, body: readOrder(db, id)})},
  ];
}

function placeOrder(db: Database, customer: string, lines: readonly OrderLine[]): number {
  const at = new Date().toISOString();
  const priced = lines.map((line, index) => ({...line, priceCents: priceOf(db, line.articleId, index)}));
  const totalCents = priced.reduce((sum, line) => sum + line.quantity * line.priceCents, 0);
  const {id} = db.get(
    'INSERT INTO orders (customer, total_cents, created_at) VALUES (?, ?, ?) RETURNING id',
    customer,
    totalCents,
    at,
  ) as {id: number};
  for (const [index, line] of priced.entries()) {
    moveStock(db, {articleId: line.articleId, change: -line.quantity, reason: 'order', orderId: id, at});
    db.run(
      'INSERT INTO order_lines (order_id, position, article_id, quantity, price_cents) VALUES (?, ?, ?, ?, ?)',
      id,
      index + 1,
      line.articleId,
      line.quantity,
      line.priceCents,
    );
  }
  return id;
}

// 422 and not 404: the address is right, the order is well formed, only what it speaks of does not exist.
function priceOf(db: Database, articleId: number, index: number): number {
  const row = db.get('SELECT price_cents AS priceCents FROM articles WHERE id = ?', articleId) as
    | {priceCents: number}
    | undefined;
  if (row !== undefined) return row.priceCents;
  throw new ApiError(422, 'unknown_article', `Line ${String(index + 1)}: there is no article ${String(articleId)}.`, {
    details: {field: `lines[${String(index)}].articleId`, articleId},
  });
}

function readOrder(db: Database, id: number): object {
  const order = db.get(
    'SELECT id, customer, total_cents AS totalCents, created_at AS createdAt FROM orders WHERE id = ?',
    id,
  ) as object | undefined;
  if (order === undefined) throw new ApiError(404, 'order_not_found', `There is no order ${String(id)}.`);
  const lines = db.all(
    `SELECT position, article_id AS articleId, number, name, quantity, order_lines.price_cents AS priceCents
     FROM order_lines JOIN articles ON articles.id = article_id WHERE order_id = ? ORDER BY position`,
    id,
  );
  return {...order, lines};
}
