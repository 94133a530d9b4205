// Seed data for OSS: buckets and objects that tend to trip up clients, the same at every start.
import { createHash } from 'node:crypto';
import { demoApplication, otherApplication } from './applications.ts';

/** The published regions. `APAC` is the former name of `AUS`; the documents still list it. */
export const regions = ['US', 'EMEA', 'AUS', 'APAC', 'CAN', 'DEU', 'IND', 'JPN', 'GBR'] as const;
export type Region = (typeof regions)[number];

/** Retention: transient for 24 hours, temporary for 30 days, persistent until deleted. */
export type Policy = 'transient' | 'temporary' | 'persistent';

export type StoredObject = {
  objectKey: string;
  /** Hexadecimal. */
  sha1: string;
  /** Bytes. */
  size: number;
  contentType: string;
  /** Milliseconds since the epoch. */
  createdDate: number;
  /** The bytes, if it was uploaded to this sandbox. */
  content?: Buffer<ArrayBuffer>;
};

export type Bucket = {
  bucketKey: string;
  /** The client id of the application that owns it. */
  owner: string;
  region: Exclude<Region, 'APAC'>;
  policyKey: Policy;
  /** Milliseconds since the epoch. */
  createdDate: number;
  /** In list order. */
  objects: StoredObject[];
};

const hour = 3_600_000;
const firstBucketAt = Date.UTC(2023, 0, 9, 8, 30);

const drawings = [
  'A-101 Ground floor plan.dwg',
  'A-102 First floor plan.dwg',
  'A-201 North elevation.dwg',
  'A-301 Section A-A.dwg',
  'S-101 Foundation plan.dwg',
  'S-201 Framing plan.dwg',
  'M-101 Ventilation layout.dwg',
  'E-101 Lighting layout.dwg',
  'P-101 Drainage layout.dwg',
  'Drawing register.xlsx',
  'Specification.docx',
  'Transmittal 0042.pdf',
];
const models = [
  'Architecture.rvt',
  'Structure.rvt',
  'Mechanical.rvt',
  'Electrical.rvt',
  'Site.rvt',
  'Federated model.nwd',
  'Coordination.ifc',
  'Clash report.pdf',
];
const civil = [
  'Alignment.dwg',
  'Corridor.dwg',
  'Drainage.dwg',
  'Earthworks.xlsx',
  'Terrain.tif',
  'Utilities.dwg',
];
const machine = [
  'Assembly.iam',
  'Base plate.ipt',
  'Drive shaft.ipt',
  'Housing.step',
  'Parts list.xlsx',
  'Seal.ipt',
];
const scans = ['Lobby.e57', 'Plant room.e57', 'Roof.e57', 'Scan project.rcp', 'Stairwell.e57'];

/** 2,345 objects: 24 pages of 100, or 235 of the default 10. */
const surveyPhotos = Array.from({ length: 2345 }, (_, index) => {
  const flight = String(Math.floor(index / 500) + 1).padStart(2, '0');
  return `flight-${flight}/IMG_${String(index + 1).padStart(4, '0')}.jpg`;
});

/** Various scripts, separators, and characters with a meaning in URLs. The last two look alike but differ. */
const oddNames = [
  ' leading space.txt',
  'it\'s "quoted".txt',
  '100% design.pdf',
  '50%25 looks encoded.txt',
  'C:\\exports\\model.rvt',
  'Grundriß Erdgeschoss, Änderung 3.dwg',
  'a+b=c & d;e.csv',
  'issue #42.bcf',
  'plans/level 01/A-101.dwg',
  'plans/level 02/A-102.dwg',
  'what is this?.txt',
  'Κάτοψη ισογείου.dwg',
  'План первого этажа.pdf',
  'תוכנית קומת קרקע.dwg',
  'مخطط الطابق الأرضي.pdf',
  'भूतल योजना.rvt',
  'ผังพื้นชั้นล่าง.pdf',
  '1階平面図.rvt',
  '首层平面图.dwg',
  '지상층 평면도.nwd',
  '🏗️ crane position.jpg',
  'caf\u00e9.txt',
  'cafe\u0301.txt',
];

type Row = readonly [bucketKey: string, policyKey: Policy, objectKeys: readonly string[]];

// More than the default page of 10.
const inUs: readonly Row[] = [
  ['airport-terminal-2-drawings', 'persistent', drawings],
  ['airport-terminal-2-models', 'persistent', models],
  ['bridge-i90-inspection', 'persistent', civil],
  ['campus-library-models', 'persistent', models],
  ['campus-library-scans', 'temporary', scans],
  ['conveyor-line-4', 'persistent', machine],
  ['data-center-phase-1', 'persistent', models],
  ['data-center-phase-2', 'persistent', drawings],
  ['gearbox-redesign', 'persistent', machine],
  ['harbor-tower-drawings', 'persistent', drawings],
  ['harbor-tower-models', 'persistent', models],
  ['hospital-east-wing', 'persistent', models],
  ['hvac-prefabrication', 'temporary', machine],
  ['interchange-14-alignment', 'persistent', civil],
  ['model-conversion-scratch', 'transient', ['Federated model.nwd', 'Structure.rvt']],
  ['riverside-housing', 'persistent', drawings],
  ['sandbox-empty', 'transient', []],
  ['sandbox-odd-names', 'persistent', oddNames],
  ['sandbox-survey-photos', 'persistent', surveyPhotos],
  ['school-district-renovation', 'persistent', drawings],
  ['stadium-roof-structure', 'persistent', ['Roof.rvt', 'Cable net.dwg', 'Wind tunnel report.pdf']],
  ['transit-station-scans', 'temporary', scans],
  ['water-treatment-plant', 'persistent', civil],
];

const emeaCities = [
  'amsterdam',
  'antwerp',
  'athens',
  'barcelona',
  'basel',
  'bergen',
  'bilbao',
  'brussels',
  'cairo',
  'copenhagen',
  'doha',
  'dublin',
  'gdansk',
  'helsinki',
  'lisbon',
  'lyon',
  'milan',
  'nairobi',
  'oslo',
  'porto',
  'prague',
  'rotterdam',
  'stockholm',
  'vienna',
  'warsaw',
  'zurich',
];
const emeaStages = [
  ['concept', 'persistent', ['Massing.rvt', 'Site.dwg', 'Brief.pdf']],
  ['construction', 'persistent', drawings],
  ['coordination', 'temporary', models],
  ['handover', 'persistent', ['As built.rvt', 'Asset register.xlsx', 'Manuals.pdf']],
  ['survey', 'persistent', scans],
] as const;

// 130 buckets: more than the largest page of 100.
const inEmea: readonly Row[] = emeaCities.flatMap((city) =>
  emeaStages.map(([stage, policy, objectKeys]): Row => [`${city}-station-${stage}`, policy, objectKeys]),
);

// IND has no buckets: an empty region is not an error.
const rowsByRegion: ReadonlyArray<readonly [Bucket['region'], readonly Row[]]> = [
  ['US', inUs],
  ['EMEA', inEmea],
  ['AUS', [['sydney-metro-tunnels', 'persistent', civil]]],
  ['CAN', [['toronto-hospital-models', 'persistent', models]]],
  ['DEU', [['hamburg-elbtunnel', 'persistent', civil]]],
  ['JPN', [['osaka-expo-pavilion', 'persistent', drawings]]],
  ['GBR', [['leeds-flood-alleviation', 'persistent', civil]]],
];

/** The buckets of all applications, in list order. `startedAt` is in milliseconds since the epoch. */
export function seedBuckets(startedAt: number): Bucket[] {
  const ours = rowsByRegion.flatMap(([region, rows]) =>
    rows.map((row) => ({ region, row, owner: demoApplication.clientId })),
  );
  const theirs: Row = ['sandbox-other-application', 'persistent', ['Confidential.rvt']];
  const all = [...ours, { region: 'US' as const, row: theirs, owner: otherApplication.clientId }];
  return all
    .map(({ region, row: [bucketKey, policyKey, objectKeys], owner }, index) => {
      const createdDate = firstBucketAt + index * 53 * hour;
      // Transient and temporary objects must be recent: OSS deletes them after a day or a month.
      const uploadedAt = policyKey === 'persistent' ? createdDate + 2 * hour : startedAt - 2 * hour;
      const objects = objectKeys
        .map((objectKey) => storedObject(bucketKey, objectKey, uploadedAt))
        .sort((a, b) => byCodeUnits(a.objectKey, b.objectKey));
      return { bucketKey, owner, region, policyKey, createdDate, objects };
    })
    .sort((a, b) => byCodeUnits(a.bucketKey, b.bucketKey));
}

/** The list order. APS does not publish one, but paging needs one. */
export function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By file extension: content type, smallest and largest size in bytes. Point clouds exceed 2^32. */
const kinds: Record<string, readonly [contentType: string, smallest: number, largest: number]> = {
  dwg: ['image/vnd.dwg', 180_000, 14_000_000],
  e57: ['application/octet-stream', 900_000_000, 6_500_000_000],
  jpg: ['image/jpeg', 3_200_000, 11_800_000],
  pdf: ['application/pdf', 90_000, 26_000_000],
  rvt: ['application/octet-stream', 18_000_000, 640_000_000],
  nwd: ['application/octet-stream', 40_000_000, 1_400_000_000],
};
const otherKind = ['application/octet-stream', 2_000, 4_000_000] as const;

function storedObject(bucketKey: string, objectKey: string, createdDate: number): StoredObject {
  const digest = createHash('sha1').update(`${bucketKey}/${objectKey}`).digest();
  const [contentType, smallest, largest] =
    kinds[objectKey.slice(objectKey.lastIndexOf('.') + 1)] ?? otherKind;
  const size = smallest + Math.floor((digest.readUInt32BE() / 2 ** 32) * (largest - smallest));
  return { objectKey, sha1: digest.toString('hex'), size, contentType, createdDate };
}
