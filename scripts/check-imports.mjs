/**
 * Part of `npm run check`: fails when an import breaks a rule of `.dependency-cruiser.mjs`, and when fewer modules were
 * read than there are files, because then the rules prove nothing.
 */
import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { cruise } from 'dependency-cruiser';
import rules from '../.dependency-cruiser.mjs';

const folders = ['lib', 'servers', 'scripts', 'sandbox'];

const { output } = await cruise(folders, {
  ...rules.options,
  ruleSet: { forbidden: rules.forbidden },
  validate: true,
});

const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => posix.join(folder, file.replaceAll('\\', '/'))),
);
const unread = files.filter((file) => !output.modules.some(({ source }) => source === file));
for (const { from, to, rule, cycle } of output.summary.violations)
  console.error(`${rule.name}: ${from} imports ${cycle?.map(({ name }) => name).join(' -> ') ?? to}`);
for (const file of unread) console.error(`not read: ${file}`);
if (output.summary.violations.length > 0 || unread.length > 0) process.exit(1);
console.log(`Checked the direction of imports in ${files.length} files. No rule is broken.`);
