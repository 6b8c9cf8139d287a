/** Without ANSI and control characters, cut: for evidence that is shown. */
export const plain = (line: string): string => withoutControls(line).slice(0, 300);

export function withoutControls(line: string): string {
  // biome-ignore lint: control characters are what we look for
  return line.replace(
    /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
    '',
  );
}
