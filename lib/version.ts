/** The version of this project, as servers announce it; a test keeps it equal to `package.json`. */
export const version = '0.1.0';
