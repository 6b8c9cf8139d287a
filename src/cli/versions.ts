/** One minor version apart they understand each other; anything more is a guess. */
export function versionsAgree(a: string, b: string): boolean {
  const [majorA, minorA] = numbers(a);
  const [majorB, minorB] = numbers(b);
  return majorA === majorB && Math.abs(minorA - minorB) <= 1;
}

function numbers(version: string): [number, number] {
  const [major, minor] = version.split('.').map(Number);
  return [major ?? Number.NaN, minor ?? Number.NaN];
}
