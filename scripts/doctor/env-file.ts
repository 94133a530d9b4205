/** The `.env` files: where they are, whether they can be read, by whom, their encoding, and what the environment overrides. */
import { readFileSync } from 'node:fs';
import { parse } from 'dotenv';
import { decodeEnvFile, encodingOf } from '../../lib/config/env-file.ts';
import { envFileWarning } from '../../lib/config/env-file-warning.ts';
import { envFiles, withoutQuotes } from '../../lib/config/settings.ts';
import { knownVariables } from '../../lib/config/variables.ts';
import { type Check, type Examination, type Finding, fault, ok, warning } from './check.ts';

export const envFileCheck: Check = {
  id: 'env-file',
  title: 'Settings file',
  run(examination) {
    const { env, folder, project } = examination;
    const files = envFiles(folder, project, env);
    const found = files.flatMap((file) => look(file, examination));
    const findings = found.length > 0 ? found : [without(files, Boolean(withoutQuotes(env.MCP_ENV_FILE)))];
    examination.unreadable = findings.some(({ status }) => status === 'fault');
    return findings;
  },
};

function without(files: readonly string[], named: boolean): Finding {
  return named
    ? fault(`${files.join()}, which MCP_ENV_FILE names, does not exist`, 'Correct MCP_ENV_FILE, or unset it.')
    : ok(`there is no ${files.join(' and no ')}: all settings come from the environment`);
}

/** Nothing, if there is no such file. */
function look(file: string, { env, said }: Examination): Finding[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    return [
      fault(
        `${file} cannot be read: ${error instanceof Error ? error.message : error}`,
        'It must be a file that this account can read.',
      ),
    ];
  }
  let text: string;
  try {
    text = decodeEnvFile(bytes);
  } catch {
    return [fault(`${file} is not UTF-8 text`, 'Save it as UTF-8 in your editor.')];
  }
  const findings: Finding[] = [];
  if (encodingOf(bytes) !== 'utf-8')
    findings.push(
      warning(
        `${file} is in UTF-16, which servers can read, but not all programs`,
        'Save it as UTF-8. In PowerShell 5, write it with: Set-Content -Encoding utf8',
      ),
    );
  const readable = envFileWarning(file);
  if (readable) {
    said.add(readable);
    const [what = '', run] = readable.replace('Warning: ', '').split(' Run: ');
    findings.push(warning(what, run && `Run: ${run}`));
  }
  const shadowed = Object.entries(parse(text)).flatMap(([name, value]) => {
    const other = withoutQuotes(env[name]);
    return name in knownVariables && value.trim() && other && other !== value.trim() ? [name] : [];
  });
  for (const name of shadowed)
    findings.push(
      warning(
        `${name} has another value in the environment, which overrides ${file}`,
        `To use the file, unset ${name} in the environment.`,
      ),
    );
  return findings.length > 0 ? findings : [ok(file)];
}
