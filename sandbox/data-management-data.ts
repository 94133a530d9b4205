// Seed data for Data Management: hubs, their members and their contents, the same at every start.
import {
  type FolderPlan,
  growHub,
  type Hub,
  type HubPlan,
  type ItemPlan,
  type ProjectPlan,
} from './data-management-tree.ts';
import { demoServiceAccount } from './service-account-store.ts';

/**
 * Hub ids, by what each hub is for.
 *
 * @example
 * import { demoHubs, startSandbox } from 'aps-mcp/sandbox';
 *
 * const sandbox = await startSandbox();
 * sandbox.approveIntegration(demoHubs.awaitingApproval);
 * await sandbox.close();
 */
export const demoHubs = {
  /** 1,203 projects. The first one covers every case. */
  construction: 'b.00000000-5bc0-4000-8000-000000000001',
  /** Names in many scripts, an empty project, an empty folder. */
  europe: 'b.00000000-5bc0-4000-8000-000000000002',
  /** Not listed until an account admin adds the application as a custom integration. */
  awaitingApproval: 'b.00000000-5bc0-4000-8000-000000000003',
  /** No user or service account of the sandbox is a member. */
  strangers: 'b.00000000-5bc0-4000-8000-000000000004',
  alice: 'b.00000000-5bc0-4000-8000-000000000005',
  alicePersonal: `a.${Buffer.from('personal:sandbox:alice').toString('base64url')}`,
  benji: 'b.00000000-5bc0-4000-8000-000000000006',
  chien: `a.${Buffer.from('business:sandboxchien').toString('base64url')}`,
} as const;

const numbered = (count: number, name: (number: string) => string, digits = 3): string[] =>
  Array.from({ length: count }, (_, index) => name(String(index + 1).padStart(digits, '0')));

const drawings: readonly ItemPlan[] = [
  { name: 'A-101 Ground floor plan.dwg', versions: 4 },
  { name: 'A-102 First floor plan.dwg', versions: 3 },
  { name: 'A-201 North elevation.dwg', reserved: true },
  { name: 'A-301 Section A-A.dwg', versions: 2 },
  { name: 'A-302 Section B-B (withdrawn).dwg', hidden: true },
  'Drawing register.xlsx',
];
const models: readonly ItemPlan[] = [
  { name: 'Architecture.rvt', versions: 12 },
  { name: 'Structure.rvt', versions: 7 },
  'Federated model.nwd',
];

/** The contents of an ordinary project. */
const usual: readonly FolderPlan[] = [
  {
    name: 'Project Files',
    folders: [
      { name: 'Drawings', items: drawings },
      { name: 'Models', items: models },
    ],
  },
];

/** Seven nested folders. */
const deep = [
  '2025',
  'Authorities',
  'Fire department',
  'Escape routes',
  'Round 3',
  'Replies',
].reduceRight<FolderPlan>((inner, name) => ({ name, folders: [inner] }), {
  name: 'Final',
  items: ['You have reached the bottom.txt'],
});

/** The contents of the first project. Its 450 photos, and 450 versions of one model, make three pages each. */
const showcase: readonly FolderPlan[] = [
  {
    name: 'Project Files',
    folders: [
      { name: '01 Drawings', items: drawings },
      { name: '02 Models', items: [...models, { name: 'Coordination.rvt', versions: 450 }] },
      { name: '03 Site photos', items: numbered(450, (number) => `IMG_${number}.jpg`, 4) },
      { name: '04 Correspondence', folders: [deep] },
      {
        name: '05 Odd names',
        folders: [{ name: '100% done & dusted?' }],
        items: [
          'Änderung 3.dwg',
          '1階平面図.rvt',
          'مخطط الطابق الأرضي.pdf',
          '🏗️ crane position.jpg',
          'a+b=c #42.csv',
        ],
      },
      { name: '06 Empty' },
      { name: '07 Superseded', hidden: true, items: ['Old plan.dwg'] },
    ],
    items: ['Read me first.txt'],
  },
  { name: 'Handover', items: [{ name: 'Manual.pdf', versions: 3 }, 'Asset register.xlsx'] },
];

const places = [
  'Harbor',
  'Airport',
  'Campus',
  'Central',
  'Garden',
  'Hillside',
  'Lakeview',
  'Market',
  'Northern',
  'Riverside',
  'Station',
];
const buildings = ['Tower', 'Library', 'Bridge', 'Hospital', 'School', 'Stadium', 'Depot'];

const construction = (): ProjectPlan[] =>
  numbered(1203, (number) => number, 4).map((number, index) => ({
    name: `${number} ${places[index % places.length]} ${buildings[index % buildings.length]}`,
    topFolders: index === 0 ? showcase : usual,
  }));

const europe = (): ProjectPlan[] => [
  { name: 'Empty project', topFolders: [] },
  { name: 'Just an empty folder', topFolders: [{ name: 'Project Files' }] },
  { name: 'Most Łazienkowski, żelbet', topFolders: usual },
  { name: '大阪駅 再開発', topFolders: usual },
  { name: 'برج الميناء', topFolders: usual },
  { name: 'Sky garden 🌿🏙️', topFolders: usual },
  { name: 'Tom & Jerry’s <new> "house"', topFolders: usual },
];

const titled =
  (...names: string[]) =>
  (): ProjectPlan[] =>
    names.map((name) => ({ name, topFolders: usual }));

const chinese: readonly FolderPlan[] = [
  {
    name: '專案檔案',
    folders: [
      { name: '圖面', items: [{ name: '一樓平面圖.dwg', versions: 3 }, '剖面圖.dwg'] },
      { name: '模型', items: ['建築.rvt'] },
    ],
    items: ['說明.pdf'],
  },
];

const plans: readonly HubPlan[] = [
  {
    id: demoHubs.construction,
    name: 'Sandbox Construction',
    kind: 'account',
    region: 'US',
    members: [demoServiceAccount.id],
    projects: construction,
  },
  {
    id: demoHubs.europe,
    name: 'Sandbox Europe',
    kind: 'account',
    region: 'EMEA',
    members: [demoServiceAccount.id],
    projects: europe,
  },
  {
    id: demoHubs.awaitingApproval,
    name: 'Sandbox Pacific',
    kind: 'account',
    region: 'AUS',
    members: [demoServiceAccount.id],
    projects: titled('Sydney Metro Tunnels', 'Perth Rail Depot'),
  },
  {
    id: demoHubs.strangers,
    name: 'Maple Leaf Bridges',
    kind: 'account',
    region: 'CAN',
    members: [],
    projects: titled('Rideau Footbridge'),
  },
  {
    id: demoHubs.alice,
    name: 'Harbor Street Architects',
    kind: 'account',
    region: 'US',
    members: ['SBXUSERALICE'],
    projects: titled('Opera House Extension', 'Riverside Housing', 'Town Hall Roof'),
  },
  {
    id: demoHubs.alicePersonal,
    name: 'Alice’s hub',
    kind: 'personal',
    region: 'US',
    members: ['SBXUSERALICE'],
    projects: titled('Garden shed'),
  },
  {
    id: demoHubs.benji,
    name: 'Rheinbrücke Bau',
    kind: 'account',
    region: 'EMEA',
    members: ['SBXUSERBENJI'],
    projects: titled('Brücke Süd', 'Werkhalle 4'),
  },
  {
    id: demoHubs.chien,
    name: '陳建築師事務所',
    kind: 'team',
    region: 'US',
    members: ['SBXUSERCHIEN'],
    projects: () => ['臺北圖書館', '高雄港三號碼頭'].map((name) => ({ name, topFolders: chinese })),
  },
];

/** Every hub, in list order. */
export function seedHubs(): Hub[] {
  return plans.map(growHub);
}
