// The operations of Authentication, Object Storage and Data Management that Autodesk publishes.

export type Operation = {
  method: string;
  /** The template in Autodesk's documents, as in `/project/v1/hubs/{hub_id}`. */
  path: string;
  operationId: string;
  /** The published limit for each application, in calls per minute, if the endpoint has its own. */
  perMinute?: number;
};

/**
 * Method, path, operation id, and calls per minute.
 *
 * The first three are in Autodesk's OpenAPI documents (https://github.com/autodesk-platform-services/aps-sdk-openapi).
 * The limits of Data Management are on
 * https://aps.autodesk.com/en/docs/data/v2/developers_guide/rate-limiting/dm-rate-limits/
 */
const table = `
GET /.well-known/openid-configuration get-oidc-spec
GET /authentication/v2/authorize authorize
GET /authentication/v2/keys get-keys
GET /authentication/v2/logout logout
POST /authentication/v2/introspect introspect_token
POST /authentication/v2/revoke revoke
POST /authentication/v2/token fetch-token
GET /userinfo get-user-info

GET /oss/v2/buckets get_buckets
POST /oss/v2/buckets create_bucket
DELETE /oss/v2/buckets/{bucketKey} delete_bucket
GET /oss/v2/buckets/{bucketKey}/details get_bucket_details
GET /oss/v2/buckets/{bucketKey}/objects get_objects
POST /oss/v2/buckets/{bucketKey}/objects/batchcompleteupload batch_complete_upload
POST /oss/v2/buckets/{bucketKey}/objects/batchsigneds3download batch_signed_s3_download
POST /oss/v2/buckets/{bucketKey}/objects/batchsigneds3upload batch_signed_s3_upload
DELETE /oss/v2/buckets/{bucketKey}/objects/{objectKey} delete_object
PUT /oss/v2/buckets/{bucketKey}/objects/{objectKey}/copyto/{newObjKey} copyTo
GET /oss/v2/buckets/{bucketKey}/objects/{objectKey}/details get_object_details
POST /oss/v2/buckets/{bucketKey}/objects/{objectKey}/signed create_signed_resource
GET /oss/v2/buckets/{bucketKey}/objects/{objectKey}/signeds3download signed_s3_download
GET /oss/v2/buckets/{bucketKey}/objects/{objectKey}/signeds3upload signed_s3_upload
POST /oss/v2/buckets/{bucketKey}/objects/{objectKey}/signeds3upload complete_signed_s3_upload
GET /oss/v2/signedresources/{hash} get_signed_resource
PUT /oss/v2/signedresources/{hash} upload_signed_resource
DELETE /oss/v2/signedresources/{hash} delete_signed_resource
PUT /oss/v2/signedresources/{hash}/resumable upload_signed_resources_chunk

GET /project/v1/hubs getHubs 50
GET /project/v1/hubs/{hub_id} getHub 50
GET /project/v1/hubs/{hub_id}/projects getHubProjects 50
GET /project/v1/hubs/{hub_id}/projects/{project_id} getProject 50
GET /project/v1/hubs/{hub_id}/projects/{project_id}/hub getProjectHub 50
GET /project/v1/hubs/{hub_id}/projects/{project_id}/topFolders getProjectTopFolders 300

POST /data/v1/projects/{project_id}/commands executeCommand 300
POST /data/v1/projects/{project_id}/downloads createDownload 50
GET /data/v1/projects/{project_id}/downloads/{download_id} getDownload 300
GET /data/v1/projects/{project_id}/jobs/{job_id} getDownloadJob 300
POST /data/v1/projects/{project_id}/storage createStorage 300

POST /data/v1/projects/{project_id}/folders createFolder 50
GET /data/v1/projects/{project_id}/folders/{folder_id} getFolder 300
PATCH /data/v1/projects/{project_id}/folders/{folder_id} patchFolder 50
GET /data/v1/projects/{project_id}/folders/{folder_id}/contents getFolderContents 300
GET /data/v1/projects/{project_id}/folders/{folder_id}/parent getFolderParent 50
GET /data/v1/projects/{project_id}/folders/{folder_id}/refs getFolderRefs 50
GET /data/v1/projects/{project_id}/folders/{folder_id}/relationships/links getFolderRelationshipsLinks 50
GET /data/v1/projects/{project_id}/folders/{folder_id}/relationships/refs getFolderRelationshipsRefs 50
POST /data/v1/projects/{project_id}/folders/{folder_id}/relationships/refs createFolderRelationshipsRef 50
GET /data/v1/projects/{project_id}/folders/{folder_id}/search getFolderSearch 300

POST /data/v1/projects/{project_id}/items createItem 50
GET /data/v1/projects/{project_id}/items/{item_id} getItem 300
PATCH /data/v1/projects/{project_id}/items/{item_id} patchItem 50
GET /data/v1/projects/{project_id}/items/{item_id}/parent getItemParentFolder 50
GET /data/v1/projects/{project_id}/items/{item_id}/refs getItemRefs 300
GET /data/v1/projects/{project_id}/items/{item_id}/relationships/links getItemRelationshipsLinks 50
GET /data/v1/projects/{project_id}/items/{item_id}/relationships/refs getItemRelationshipsRefs 50
POST /data/v1/projects/{project_id}/items/{item_id}/relationships/refs createItemRelationshipsRef 50
GET /data/v1/projects/{project_id}/items/{item_id}/tip getItemTip 50
GET /data/v1/projects/{project_id}/items/{item_id}/versions getItemVersions 800

POST /data/v1/projects/{project_id}/versions createVersion 300
GET /data/v1/projects/{project_id}/versions/{version_id} getVersion 300
PATCH /data/v1/projects/{project_id}/versions/{version_id} patchVersion 50
GET /data/v1/projects/{project_id}/versions/{version_id}/downloadFormats getVersionDownloadFormats 50
GET /data/v1/projects/{project_id}/versions/{version_id}/downloads getVersionDownloads 50
GET /data/v1/projects/{project_id}/versions/{version_id}/item getVersionItem 50
GET /data/v1/projects/{project_id}/versions/{version_id}/refs getVersionRefs 50
GET /data/v1/projects/{project_id}/versions/{version_id}/relationships/links getVersionRelationshipsLinks 50
GET /data/v1/projects/{project_id}/versions/{version_id}/relationships/refs getVersionRelationshipsRefs 50
POST /data/v1/projects/{project_id}/versions/{version_id}/relationships/refs createVersionRelationshipsRef 50
`;

const operations = table
  .split('\n')
  .filter((line) => line !== '')
  .map((line): Operation & { pattern: RegExp } => {
    const [method = '', path = '', operationId = '', perMinute] = line.split(' ');
    return {
      method,
      path,
      operationId,
      perMinute: perMinute === undefined ? undefined : Number(perMinute),
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
    };
  });

/** The published operation of a request, by its method and its path, which is encoded. HEAD counts as GET. */
export function publishedOperation(method: string, path: string): Operation | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method;
  return operations.find((each) => each.method === wanted && each.pattern.test(path));
}
