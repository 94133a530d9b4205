// The people who work at the company whose OpenID provider the sandbox has, none of whom is an Autodesk user of it.

/** The company, which does not exist. */
export const company = 'Example Works';

/** Somebody with an account at the company. The members are the claims of OpenID Connect Core section 5.1. */
export type Employee = {
  readonly sub: string;
  readonly name: string;
  readonly email: string;
  readonly preferred_username: string;
};

/** In the order in which the sign-in page offers them. */
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
