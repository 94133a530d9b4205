/** A format of configuration files, as far as `aps-mcp connect` reads and changes them. */

/** Reads and changes texts in one format. */
export type Format = {
  /**
   * The value of a text.
   *
   * @throws {Unreadable} if it is not valid
   */
  read(text: string): unknown;
  /** Sets the value at a path, whose parents are objects where they exist, and leaves the rest as it is. */
  set(text: string, path: readonly string[], value: unknown): string;
  /** A text that has nothing but the value at a path. */
  print(path: readonly string[], value: unknown): string;
};

/** A text is not valid in its format. Lines and columns count from 1. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, problem: string) {
    super(problem);
    this.line = line;
    this.column = column;
  }
}

/** How the lines of a text end. */
export function newlineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

/** Whether a value is a group of values by name. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
