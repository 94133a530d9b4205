/** Results of tools, in a form that is easy to look into. */
import type { Client } from '@modelcontextprotocol/client';
import { expect } from 'vitest';
import { z } from 'zod';

export type Args = Record<string, unknown>;

const toolResult = z.object({
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  isError: z.boolean().default(false),
  structuredContent: z
    .object({
      result: z.array(z.record(z.string(), z.unknown())),
      next_cursor: z.string().optional(),
      warnings: z.array(z.unknown()).optional(),
    })
    .optional(),
});

/** Calls a tool that lists something, and puts its result in a form that is easy to look into. */
export async function callListing(client: Client, name: string, args: Args = {}) {
  const { content, isError, structuredContent } = toolResult.parse(
    await client.callTool({ name, arguments: args }),
  );
  return {
    isError,
    texts: content.map((block) => block.text),
    items: structuredContent?.result ?? [],
    nextCursor: structuredContent?.next_cursor,
    warnings: structuredContent?.warnings,
    structuredContent,
  };
}

/** The tools of `client` that list something. */
export function listingsOf(client: Client) {
  /** A result that must not be an error. */
  async function call(tool: string, args?: Args) {
    const answer = await callListing(client, tool, args);
    if (answer.isError) throw new Error(answer.texts[0]);
    return answer;
  }

  /** What a tool says of a call that it cannot answer. */
  async function refusal(tool: string, args: Args): Promise<string> {
    const { isError, texts, structuredContent } = await callListing(client, tool, args);
    expect(isError).toBe(true);
    expect(structuredContent).toBeUndefined();
    expect(texts).toHaveLength(1);
    expect(texts[0]).not.toMatch(/\n|\.ts:| at |MCP error|eyJ/);
    return texts[0] ?? '';
  }

  /** Follows the cursors of a listing to its end: the items of every result. */
  async function walk(tool: string, args: Args) {
    const stretches: Record<string, unknown>[][] = [];
    let cursor: string | undefined;
    do {
      const { items, nextCursor } = await call(tool, { ...args, cursor });
      stretches.push(items);
      cursor = nextCursor;
    } while (cursor !== undefined);
    return stretches;
  }

  /** The cursor behind the first item of a listing. */
  async function cursorOf(tool: string, args: Args): Promise<string> {
    const { nextCursor } = await callListing(client, tool, { ...args, limit: 1 });
    if (nextCursor === undefined) throw new Error('There is no more');
    return nextCursor;
  }

  return { call, refusal, walk, cursorOf };
}

const hubs = z.object({ structuredContent: z.object({ result: z.array(z.object({ id: z.string() })) }) });

/** The ids of the hubs that a client is shown. */
export async function hubsOf(client: Pick<Client, 'callTool'>): Promise<string[]> {
  return hubIdsIn(await client.callTool({ name: 'list_hubs' }));
}

/** The ids of the hubs in a result. */
export function hubIdsIn(result: unknown): string[] {
  return hubs.parse(result).structuredContent.result.map(({ id }) => id);
}

const words = z.object({
  isError: z.boolean().default(false),
  content: z.tuple([z.object({ text: z.string() })]),
});

/** What a tool says in its only block of text, and whether it failed. */
export async function said(client: Pick<Client, 'callTool'>, name: string) {
  const { isError, content } = words.parse(await client.callTool({ name }));
  return { isError, text: content[0].text };
}
