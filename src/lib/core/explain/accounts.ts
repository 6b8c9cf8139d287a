const iban = /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g;
const digits = /(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])/g;

/** Numbers of bank accounts and of cards, both by their check digits: an ERP writes many long numbers that are neither. */
export function maskAccounts(line: string, mark: () => string): string {
  return line
    .replace(iban, (text) => (isIban(text) ? mark() : text))
    .replace(digits, (text) => (isCard(text) ? mark() : text));
}

/** ISO 13616: the country and check digits moved to the end, letters as numbers, modulo 97 is 1. */
function isIban(text: string): boolean {
  const plain = text.replaceAll(' ', '');
  if (plain.length < 15 || plain.length > 34) return false;
  let rest = 0;
  for (const letter of plain.slice(4) + plain.slice(0, 4))
    for (const digit of String(Number.parseInt(letter, 36))) rest = (rest * 10 + Number(digit)) % 97;
  return rest === 1;
}

/** Luhn's sum, and a first digit that a card can have: times in milliseconds begin with 1. */
function isCard(text: string): boolean {
  const plain = text.replace(/[ -]/g, '');
  if (!/^[2-6]/.test(plain)) return false;
  let sum = 0;
  [...plain].reverse().forEach((digit, at) => {
    const value = Number(digit) * (at % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}
