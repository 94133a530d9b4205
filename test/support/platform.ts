/** What the tests of one operating system cannot expect of another. */

/**
 * Windows has no modes of files, asks for a privilege before it makes symbolic links, and delivers no Ctrl-C to a child: what
 * depends on those is tested elsewhere.
 */
export const isWindows = process.platform === 'win32';
