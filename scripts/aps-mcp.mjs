/**
 * Starts the command `aps-mcp` of this clone from any folder, without a build: MCP clients start servers in folders of
 * their own. `node --import tsx` would look for tsx, and for a `tsconfig.json`, in the working folder. That folder may
 * belong to a stranger, and `paths` in its `tsconfig.json` can replace our code with other code.
 */
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
await import('./aps-mcp.ts');
