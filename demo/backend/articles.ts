import {ApiError} from '../lib/api-error.js';
import {type Database, isDuplicate} from '../lib/database.js';
import {Input, paging} from './input.js';
import type {Route} from './router.js';

const maxQuantity = 1_000_000_000;

const articleColumns = `articles.id, number, name, unit, price_cents AS priceCents, created_at AS createdAt`;
const stockColumns = `article_id AS articleId, number, name, unit, quantity, stock.updated_at AS updatedAt`;
const stockTable = `stock JOIN articles ON articles.id = stock.article_id`;

/** Articles and what lies in stock of them. Prices are in cents, quantities whole. */
export function articleRoutes(db: Database): Route[] {
  const count = () => (db.get('SELECT COUNT(*) AS total FROM articles') as {total: number}).total;
  const stockOf = (id: number) =>
    db.get(`SELECT ${stockColumns} FROM ${stockTable} WHERE article_id = ?`, id) as object | undefined;
  return [
    {
      method: 'GET',
      path: '/api/v1/articles',
      answer: ({query}) => {
        const {limit, offset} = paging(query);
        const items = db.all(`SELECT ${articleColumns} FROM articles ORDER BY id LIMIT ? OFFSET ?`, limit, offset);
        return {status: 200, body: {items, total: count(), limit, offset}};
      },
    },
    {
      method: 'POST',
      path: '/api/v1/articles',
      answer: async (call) => {
        const input = new Input(await call.json());
        const article = {
          number: input.text('number', {max: 40}),
          name: input.text('name', {max: 200}),
          unit: input.text('unit', {max: 20, fallback: 'piece'}),
          priceCents: input.integer('priceCents', {min: 0, max: 10_000_000}),
          quantity: input.integer('quantity', {min: 0, max: maxQuantity, fallback: 0}),
        };
        input.check();
        const created = createArticle(db, article);
        return {status: 201, body: created, headers: {location: `/api/v1/articles/${String(created.id)}`}};
      },
    },
    {
      method: 'GET',
      path: '/api/v1/articles/:id',
      answer: ({id}) => {
        const article = db.get(
          `SELECT ${articleColumns}, quantity FROM articles JOIN stock ON stock.article_id = articles.id WHERE articles.id = ?`,
          id,
        ) as object | undefined;
        if (article === undefined) throw noArticle(id);
        return {status: 200, body: article};
      },
    },
    {
      method: 'GET',
      path: '/api/v1/stock',
      answer: ({query}) => {
        const {limit, offset} = paging(query);
        const items = db.all(
          `SELECT ${stockColumns} FROM ${stockTable} ORDER BY article_id LIMIT ? OFFSET ?`,
          limit,
          offset,
        );
        return {status: 200, body: {items, total: count(), limit, offset}};
      },
    },
    {
      method: 'POST',
      path: '/api/v1/stock/:id/adjust',
      answer: async (call) => {
        const input = new Input(await call.json());
        const change = input.integer('change', {min: -maxQuantity, max: maxQuantity});
        const reason = input.text('reason', {max: 200, fallback: 'adjustment'});
        input.check();
        db.transaction(() => {
          moveStock(db, {articleId: call.id, change, reason, orderId: null, at: new Date().toISOString()});
        });
        return {status: 200, body: stockOf(call.id) ?? {}};
      },
    },
  ];
}

export interface Movement {
  readonly articleId: number;
  readonly change: number;
  readonly reason: string;
  readonly orderId: number | null;
  readonly at: string;
}

/**
 * Changes a quantity and writes down why, inside the caller's transaction. The condition and the change are one
 * statement: no other process can take the same pieces in between.
 * @throws ApiError 404 without such an article, 409 where less is there than is taken
 */
export function moveStock(db: Database, {articleId, change, reason, orderId, at}: Movement): void {
  const changed = db.run(
    'UPDATE stock SET quantity = quantity + ?, updated_at = ? WHERE article_id = ? AND quantity >= ? AND quantity <= ?',
    change,
    at,
    articleId,
    -change,
    maxQuantity - change,
  );
  if (changed === 0) {
    const row = db.get('SELECT quantity FROM stock WHERE article_id = ?', articleId) as {quantity: number} | undefined;
    if (row === undefined) throw noArticle(articleId);
    throw change < 0
      ? new ApiError(
          409,
          'insufficient_stock',
          `Article ${String(articleId)}: ${String(-change)} wanted, ${String(row.quantity)} in stock.`,
          {
            details: {articleId, requested: -change, available: row.quantity},
          },
        )
      : new ApiError(409, 'stock_limit', `Article ${String(articleId)} would exceed ${String(maxQuantity)} in stock.`);
  }
  db.run(
    'INSERT INTO stock_movements (article_id, change, reason, order_id, created_at) VALUES (?, ?, ?, ?, ?)',
    articleId,
    change,
    reason,
    orderId,
    at,
  );
}

function createArticle(
  db: Database,
  article: {number: string; name: string; unit: string; priceCents: number; quantity: number},
): {id: number} {
  const {number, name, unit, priceCents, quantity} = article;
  const at = new Date().toISOString();
  try {
    return db.transaction(() => {
      const {id} = db.get(
        'INSERT INTO articles (number, name, unit, price_cents, created_at) VALUES (?, ?, ?, ?, ?) RETURNING id',
        number,
        name,
        unit,
        priceCents,
        at,
      ) as {id: number};
      db.run('INSERT INTO stock (article_id, quantity, updated_at) VALUES (?, 0, ?)', id, at);
      if (quantity > 0) moveStock(db, {articleId: id, change: quantity, reason: 'opening stock', orderId: null, at});
      return {id, ...article, createdAt: at};
    });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new ApiError(409, 'article_number_taken', `There is an article ${number} already.`, {details: {number}});
  }
}

function noArticle(id: number): ApiError {
  return new ApiError(404, 'article_not_found', `There is no article ${String(id)}.`, {details: {articleId: id}});
}
