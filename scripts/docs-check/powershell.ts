/** Which bash blocks PowerShell does not run as they stand, so that a page needs another form for it. */

/** What is different there. docs/running.md, “In PowerShell”, says what to type instead. */
const differences = [
  /^\s*[A-Za-z_]\w*=/m, // variables
  /\\$/m, // a command on several lines
  /&&/, // not in Windows PowerShell 5.1
  /\$\(/, // what is inside is for bash
  /\b(curl|chmod)\b/,
];

export const differsInPowerShell = (block: string): boolean =>
  differences.some((difference) => difference.test(block));
