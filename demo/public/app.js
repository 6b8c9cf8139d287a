// The demo's page: asks every two seconds, one round after the other, and says so when nobody answers.
const periodMs = 2000;
const timeoutMs = 5000;

const $ = (id) => document.getElementById(id);
const money = new Intl.NumberFormat('en', {style: 'currency', currency: 'EUR'});
const time = (value) => new Date(value).toLocaleTimeString();
let lastAnswer;

class ApiFailure extends Error {
  constructor(status, {code, message}) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function call(path, body) {
  const response = await fetch(path, {
    signal: AbortSignal.timeout(timeoutMs),
    ...(body === undefined ? {} : {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)}),
  });
  const answer = await response.json();
  if (answer.error !== undefined) throw new ApiFailure(response.status, answer.error);
  return answer;
}

// Text is only ever set as text: what an article is called must not become part of the page.
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = String(text);
  if (className !== undefined) made.className = className;
  return made;
}

function fillRows(body, items, cells) {
  body.replaceChildren(
    ...items.map((item) => {
      const row = element('tr');
      row.append(...cells(item));
      return row;
    }),
  );
}

function fillFacts(list, facts) {
  list.replaceChildren(...facts.flatMap(([name, value]) => [element('dt', name), element('dd', value)]));
}

function showState(state, words) {
  const place = $('state');
  // Set only when it changes: a screen reader would read it out every two seconds.
  if (place.textContent !== words) place.textContent = words;
  place.dataset.state = state;
}

function showAway(reason) {
  showState('away', 'Backend: away');
  $('away').hidden = false;
  // Set only when it changes, as above.
  if ($('away-reason').textContent !== reason) $('away-reason').textContent = reason;
  const age = lastAnswer === undefined ? 'It has not answered since this page was opened.' : `What you see below is from ${time(lastAnswer)}.`;
  if ($('away-age').textContent !== age) $('away-age').textContent = age;
  for (const button of document.querySelectorAll('button')) button.disabled = true;
}

function showThere() {
  lastAnswer = Date.now();
  $('away').hidden = true;
  for (const button of document.querySelectorAll('button')) button.disabled = false;
}

function showHealth({status, checks}) {
  showState(status, `Backend: ${status}`);
  fillFacts(
    $('health'),
    Object.entries(checks).map(([name, {status: state, reason, store, workers}]) => {
      const more = [store && `in ${store}`, workers !== undefined && `${workers} ${workers === 1 ? 'worker' : 'workers'}`, reason];
      return [name, [state, ...more.filter(Boolean)].join(', ')];
    }),
  );
}

function showSystem({status, current_stats: stats, database, system_info: info, app_info: app, cache}) {
  fillFacts($('system'), [
    ['status', status],
    ['processors', `${stats.cpu_percent} % of ${info.cpu_count}`],
    ['memory', `${stats.memory_percent} %`],
    ['disk', `${stats.disk_percent} %`],
    ['database', `${database.status}, ${database.response_time_ms} ms`],
    ['runs on', `${info.system}, ${info.python_version}`],
    ['version', app.version],
    ['measured', cache.from_cache ? `${cache.cache_age_seconds} s ago` : 'now'],
  ]);
}

function showStock({items, total}) {
  $('stock-count').textContent = `${total} articles`;
  fillRows($('stock'), items, (item) => [
    element('td', item.number),
    element('td', item.name),
    element('td', item.unit),
    element('td', item.quantity.toLocaleString(), 'number'),
  ]);
  const select = $('order').elements.article;
  const wanted = items.map(({articleId}) => String(articleId)).join();
  if (select.dataset.shown === wanted) return; // leave the choice of whoever is just ordering alone
  const chosen = select.value;
  select.dataset.shown = wanted;
  select.replaceChildren(
    ...items.map(({articleId, number, name}) => {
      const option = element('option', `${number} ${name}`);
      option.value = String(articleId);
      return option;
    }),
  );
  if (chosen !== '') select.value = chosen;
}

function showOrders({items}) {
  fillRows($('orders'), items, (order) => [
    element('td', order.id),
    element('td', order.customer),
    element('td', time(order.createdAt)),
    element('td', money.format(order.totalCents / 100), 'number'),
  ]);
}

function showTasks({items}) {
  $('tasks').replaceChildren(
    ...items.map((task) => {
      const entry = element('li', `${task.id} ${task.kind}: ${task.state} `);
      if (task.state === 'running') {
        const bar = element('progress');
        bar.value = task.progress;
        bar.setAttribute('aria-label', `progress of task ${task.id}`);
        entry.append(bar);
      } else if (task.error !== null) entry.append(element('small', task.error));
      return entry;
    }),
  );
}

async function refresh() {
  try {
    // Not call(): the health document of an unhealthy backend comes with 503.
    const response = await fetch('health-of-backend', {signal: AbortSignal.timeout(timeoutMs)});
    const health = await response.json();
    if (health.error !== undefined) throw new ApiFailure(response.status, health.error);
    const [stock, orders, tasks, system] = await Promise.all([
      call('api/v1/stock?limit=200'),
      call('api/v1/orders?limit=5'),
      call('api/v1/tasks?limit=5'),
      call('api/v1/system/status'),
    ]);
    showThere();
    showHealth(health);
    showStock(stock);
    showOrders(orders);
    showTasks(tasks);
    showSystem(system);
  } catch (error) {
    showAway(error.name === 'TimeoutError' ? `It did not answer within ${timeoutMs / 1000} s.` : error.message);
  }
}

async function rounds() {
  await refresh();
  setTimeout(rounds, periodMs);
}

$('order').addEventListener('submit', async (event) => {
  event.preventDefault();
  const {customer, article, quantity} = event.target.elements;
  const place = $('order-result');
  try {
    const lines = [{articleId: Number(article.value), quantity: Number(quantity.value)}];
    const order = await call('api/v1/orders', {customer: customer.value, lines});
    place.textContent = `Order ${order.id} placed: ${money.format(order.totalCents / 100)}.`;
    await refresh();
  } catch (error) {
    place.textContent = `Not ordered: ${error.message}`;
  }
});

$('report').addEventListener('click', async () => {
  const place = $('task-result');
  try {
    const task = await call('api/v1/tasks', {kind: 'stock-report'});
    place.textContent = `Task ${task.id} is in the queue.`;
    await refresh();
  } catch (error) {
    place.textContent = `Not started: ${error.message}`;
  }
});

rounds();
