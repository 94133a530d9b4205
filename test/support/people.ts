/** The people of the sandbox, and what each of them sees. */
import { demoHubs, demoUsers } from './sandbox.ts';

/** The people of the sandbox, and the ids of the hubs that each of them sees. */
export const people = [
  { userId: 'SBXUSERALICE', hubs: [demoHubs.alice, demoHubs.alicePersonal] },
  { userId: 'SBXUSERBENJI', hubs: [demoHubs.benji] },
  { userId: 'SBXUSERCHIEN', hubs: [demoHubs.chien] },
] as const;
export const [alice, benji, chien] = people;

/** What the sandbox knows of a person. */
export function profileOf({ userId }: { userId: string }) {
  const user = demoUsers.find((it) => it.userId === userId);
  if (!user) throw new Error(`Nobody is ${userId}`);
  return user;
}
