// The nightly invoicing run, with the mistake that every ERP makes once: a tax class that nobody maintained.

interface Invoice {
  readonly customer: string;
  readonly netCents: number;
  readonly taxClass: string;
}

const taxRates = new Map([
  ['standard', {percent: 19}],
  ['reduced', {percent: 7}],
]);

/** @throws TypeError as soon as the open invoices hold one of the class `export`; the demo's crash is this one */
export function runInvoicing(): number {
  return totalOf([
    {customer: 'Meyer Farm', netCents: 24_900, taxClass: 'standard'},
    {customer: 'Mill at the Brook', netCents: 3_150, taxClass: 'reduced'},
    {customer: 'Jansen & Zn', netCents: 189_000, taxClass: 'export'},
  ]);
}

function totalOf(invoices: readonly Invoice[]): number {
  let totalCents = 0;
  for (const invoice of invoices) totalCents += invoice.netCents + taxOf(invoice);
  return totalCents;
}

function taxOf(invoice: Invoice): number {
  const rate = taxRates.get(invoice.taxClass) as {percent: number};
  return Math.round((invoice.netCents * rate.percent) / 100);
}
