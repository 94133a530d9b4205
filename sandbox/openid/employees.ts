// The employees of the company that runs the OpenID provider. None of them is an Autodesk user of the sandbox.

/** A made-up company. */
export const company = 'Example Works';

/**
 * An employee of the made-up company, described by claims of OpenID Connect Core section 5.1.
 *
 * @example
 * import { type Employee, employees } from 'aps-mcp/sandbox';
 *
 * export const emil: Employee | undefined = employees.find(({ sub }) => sub === 'emp-1002');
 */
export type Employee = {
  readonly sub: string;
  readonly name: string;
  readonly email: string;
  readonly preferred_username: string;
};

/**
 * The employees of the made-up company, in the order of its sign-in page.
 *
 * @example
 * import { employees, startSandbox } from 'aps-mcp/sandbox';
 *
 * const sandbox = await startSandbox();
 * export const token = await sandbox.openIdToken({ user: employees[0].sub });
 * await sandbox.close();
 */
export const employees: readonly [Employee, ...Employee[]] = [
  { sub: 'emp-1001', name: 'Ada Admin', email: 'ada@works.example', preferred_username: 'ada.admin' },
  {
    sub: 'emp-1002',
    name: 'Emil Engineer',
    email: 'emil@works.example',
    preferred_username: 'emil.engineer',
  },
  { sub: 'emp-1003', name: 'Zoë Zeichner', email: 'zoe@works.example', preferred_username: 'zoe.zeichner' },
];

export function findEmployee(sub: string | undefined): Employee | undefined {
  return employees.find((employee) => employee.sub === sub);
}
