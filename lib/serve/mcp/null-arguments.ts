/** `"arguments": null` in a tool call: some clients send it for no arguments, such as the Go SDK for a nil map. */
import { z } from 'zod';

const nullArguments = z.looseObject({
  method: z.literal('tools/call'),
  params: z.looseObject({ arguments: z.null() }),
});

/** A message as it came, or a batch of them, without arguments that are null. */
export function withoutNullArguments<T>(message: T): T {
  if (Array.isArray(message)) return message.map((each) => withoutNullArguments(each)) as T;
  if (!nullArguments.safeParse(message).success) return message;
  const { params, ...call } = nullArguments.parse(message);
  const { arguments: _, ...rest } = params;
  return { ...message, ...call, params: rest };
}
