// SPDX-License-Identifier: MIT
// Checks every document of a manifest (standard input) against the published schema of its kind.
// Exit status: 0 all are right, 1 one is not.
const yaml = require('yaml');
const kinds = {
  'v1/Secret': ['kubernetes-models/v1/Secret', 'Secret'],
  'v1/ConfigMap': ['kubernetes-models/v1/ConfigMap', 'ConfigMap'],
  'v1/Service': ['kubernetes-models/v1/Service', 'Service'],
  'batch/v1/Job': ['kubernetes-models/batch/v1/Job', 'Job'],
};
let failed = 0;
const counts = {};
for (const document of yaml.parseAllDocuments(require('fs').readFileSync(0, 'utf8'))) {
  const object = document.toJS();
  if (!object) continue;
  const key = `${object.apiVersion}/${object.kind}`;
  try {
    if (document.errors.length) throw document.errors[0];
    if (!kinds[key]) throw new Error('an unknown kind');
    const { [kinds[key][1]]: Kind } = require(kinds[key][0]);
    new Kind(object).validate();
    counts[key] = (counts[key] || 0) + 1;
  } catch (error) {
    console.log(`${key}: ${error.message}`);
    failed = 1;
  }
}
console.log(Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(', '));
process.exit(failed || !Object.keys(counts).length ? 1 : 0);
