/** Finds the bash blocks of a page whose form for PowerShell is missing. */
import type { Code, Nodes } from 'mdast';

/** What PowerShell does not have, or reads in another way. docs/running.md, “In PowerShell”, says what to type instead. */
const differences = [
  /^\s*[A-Za-z_]\w*=/m, // variables
  /\\$/m, // a command on several lines
  /&&/, // Windows PowerShell 5.1 does not have it
  /\$\(/, // it holds a command for bash
  /\b(curl|chmod)\b/,
];

/** Whether a comment is the mark that stands in the place of a PowerShell block. */
export const isBashOnly = (html: string): boolean => /^<!--\s*check:\s*bash only\b/.test(html);

/** What is wrong with a block that PowerShell does not run, if what follows it neither says what to type there nor why not. */
export function missingPowerShell({ lang, value }: Code, next: Nodes | undefined): string | undefined {
  if (lang !== 'bash' || !differences.some((difference) => difference.test(value))) return;
  if (next?.type === 'code' && next.lang === 'powershell') return;
  if (next?.type === 'html' && isBashOnly(next.value)) return;
  return 'PowerShell does not run this block. Put a ```powershell block directly below it, or <!-- check: bash only, REASON -->.';
}
