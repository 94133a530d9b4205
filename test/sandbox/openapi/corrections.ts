// Parts of Autodesk's schemas that Autodesk's own examples contradict. The check leaves them out.

export type Correction = {
  document: string;
  /** The part, as a JSON pointer (RFC 6901). */
  part: string;
  /** An example in the same document that does not fit its schema until the part is left out, as a JSON pointer. */
  example: string;
  reason: string;
};

/** What the example of a schema in datamanagement.yaml shows. */
const dataManagement = (part: string, exampleOf: string, reason: string): Correction => ({
  document: 'datamanagement',
  part: `/components/schemas/${part}`,
  example: `/components/schemas/${exampleOf}/x-examples/example-1`,
  reason,
});

/** Each property of an extension is described as an object. */
const extension = (schema: string, exampleOf: string): Correction =>
  dataManagement(
    `${schema}/properties/data/additionalProperties`,
    exampleOf,
    'The properties of an extension are texts, lists, numbers and null.',
  );

const serviceAccountDate = (schema: string, property: string, path: string, example: string): Correction => ({
  document: 'secureServiceAccount',
  part: `/components/schemas/${schema}/properties/${property}/format`,
  example: `/paths/~1authentication~1v2~1service-accounts${path}/get/responses/200/content/application~1json/examples/${example}/value`,
  reason: 'The dates are not in the format of RFC 3339: 2024-01-25 03:08:04.156576834 +0000 UTC.',
});

export const corrections: readonly Correction[] = [
  extension('project_extension_with_schema_link', 'Project'),
  extension('top_folder_extension_with_schema_link', 'TopFolders'),
  extension('folder_extension_with_schema_link', 'Folder'),
  extension('item_extension_with_schema_link', 'Item'),
  extension('version_extension_with_schema_link', 'Version'),
  dataManagement('ItemTip/properties/links', 'ItemTip', '`links` has `self`, and is described as a link.'),
  dataManagement(
    'RelationshipRefs/properties/links/oneOf',
    'RelationshipRefs',
    '`links` has `self` and `related`, and is described as having one of them.',
  ),
  ...['createdAt', 'accessedAt', 'expiresAt'].map((property) =>
    serviceAccountDate('service-account-details', property, '~1{serviceAccountId}', 'Get'),
  ),
  ...['createdAt', 'accessedAt'].map((property) =>
    serviceAccountDate('service-account-key-details', property, '~1{serviceAccountId}~1keys', 'GetAll'),
  ),
];
