// node pod.mjs ROOT NAME IMAGE PORT DIR NAME=VALUE...
//
// Prints, for "podman kube play", one pod of the StatefulSet in conf/kubernetes with its
// ConfigMap, as they are but for what a machine without a cluster needs: the image is
// IMAGE, the port is published at 127.0.0.1:PORT, workspace and tokens are folders of DIR.
// NAME=VALUE replaces a variable.

import fs from "node:fs";
import path from "node:path";
import YAML from "yaml";

const [root, name, image, port, dir, ...variables] = process.argv.slice(2);
const base = file => YAML.parse(fs.readFileSync(path.join(root, "conf/kubernetes/base", file), "utf8"));

const config = base("configmap.yaml");
for (const v of variables) {
    const [, key, value] = v.match(/^(\w+)=(.*)$/);
    config.data[key] = value;
}
const { template, volumeClaimTemplates } = base("statefulset.yaml").spec;
const spec = template.spec;
delete spec.topologySpreadConstraints;
const [container] = spec.containers;
container.image = image;
container.env = [{ name: "NODE", value: name }];
container.imagePullPolicy = "Never";
container.ports[0].hostPort = Number(port);
container.ports[0].hostIP = "127.0.0.1";

const folder = (name, sub) => ({ name, hostPath: { path: path.join(dir, sub), type: "Directory" } });
spec.volumes = spec.volumes.map(v => v.secret ? folder(v.name, "tokens") : v);
for (const claim of volumeClaimTemplates) spec.volumes.push(folder(claim.metadata.name, claim.metadata.name));

const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, labels: template.metadata.labels }, spec };
console.log([config, pod].map(o => YAML.stringify(o)).join("---\n"));
