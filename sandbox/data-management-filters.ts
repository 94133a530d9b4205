// The filters of Data Management: https://aps.autodesk.com/en/docs/data/v2/developers_guide/filtering/

/** A filter that was read: the attribute path that it applies to, and whether a value of it matches. */
export type Filter = { path: string; matches: (value: unknown) => boolean };

const comparisons = {
  lt: (order: number) => order < 0,
  le: (order: number) => order <= 0,
  eq: (order: number) => order === 0,
  ge: (order: number) => order >= 0,
  gt: (order: number) => order > 0,
};
const partsOfText = {
  starts: (text: string, part: string) => text.startsWith(part),
  ends: (text: string, part: string) => text.endsWith(part),
  contains: (text: string, part: string) => text.includes(part),
};

const key = /^filter\[(?:attributes\.|meta\.)?([\w.]+)\](?:-(lt|le|eq|ge|gt|starts|ends|contains))?$/;
const timeFields = /Time(Rollup)?$/;

/** Whether a query parameter is a filter. */
export function isFilter(name: string): boolean {
  return name.startsWith('filter[');
}

/** Whether a query has a filter on `field`, with any comparison. */
export function filtersBy(url: URL, field: string): boolean {
  return [...url.searchParams.keys()].some((name) => key.exec(name)?.[1] === field);
}

/**
 * Reads one filter. A field can be written with or without `attributes.`. Values, separated by commas, are alternatives.
 * Times are compared as times, numbers as numbers, and everything else by code units, with case.
 *
 * Returns what is wrong as text: a field whose first part is not in `known`, a comparison that does not exist, or a time in
 * none of the published formats.
 */
export function readFilter(
  name: string,
  given: readonly string[],
  known: readonly string[],
): Filter | string {
  const [, path = '', comparison = 'eq'] = key.exec(name) ?? [];
  if (!known.includes(path.split('.')[0] ?? '')) return `This request does not support ${name}.`;
  const values = given.flatMap((value) => value.split(','));

  if (isPartOfText(comparison)) {
    const has = partsOfText[comparison];
    return {
      path,
      matches: (value) => values.some((part) => value !== undefined && has(String(value), part)),
    };
  }
  const holds = isComparison(comparison) ? comparisons[comparison] : comparisons.eq;
  if (timeFields.test(path)) {
    const times = values.map(instantOf);
    const wrong = values.find((_value, index) => times[index] === undefined);
    if (wrong !== undefined) return `${name} must be a time such as 2026-01-31T08:00:00Z, not "${wrong}".`;
    return {
      path,
      matches: (value) =>
        times.some((time) => value !== undefined && holds(order(Date.parse(String(value)), time ?? 0))),
    };
  }
  return {
    path,
    matches: (value) =>
      value !== undefined &&
      values.some((each) =>
        holds(typeof value === 'number' ? order(value, Number(each)) : order(String(value), each)),
      ),
  };
}

function isComparison(name: string): name is keyof typeof comparisons {
  return name in comparisons;
}

function isPartOfText(name: string): name is keyof typeof partsOfText {
  return name in partsOfText;
}

/** NaN if either is NaN, so that no comparison holds. */
function order<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}

const time =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(?:(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?)?)?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** A time in one of the published formats, from a year alone to seven decimals, in milliseconds. UTC without an offset. */
function instantOf(written: string): number | undefined {
  const parts = time.exec(written);
  if (parts === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '0'] = parts;
  const offset = parts[8] ?? 'Z';
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0');
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${offset}`);
  return Number.isNaN(at) ? undefined : at;
}
