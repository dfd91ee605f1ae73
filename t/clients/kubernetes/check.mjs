// node check.mjs ROOT WHAT...
//
// Looks at Kubernetes manifests without a Kubernetes.  WHAT is a folder with a
// kustomization.yaml, or a file; each is looked at by itself.  ROOT is the
// repository: what the container serves and takes is read there.
//
// Every document goes through kubernetes-models (values) and, by TypeScript, its
// interfaces (fields that do not exist); then it is asked whether the documents fit
// together.  Prints a line for each finding, "WHAT: Kind/name: text", and a count;
// the exit code is 1 if there are any.

import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import YAML from "yaml";

const require = createRequire(import.meta.url);
const here = path.dirname(new URL(import.meta.url).pathname);
const [root, ...targets] = process.argv.slice(2);
const read = (...name) => fs.readFileSync(path.join(...name), "utf8");

let findings = 0, documents = 0;

// the files of a folder, by its kustomization.yaml

function files(what) {
    if (!fs.statSync(what).isDirectory()) return [what];
    const k = YAML.parse(read(what, "kustomization.yaml"));
    return k.resources.flatMap(r => files(path.join(what, r)));
}

// what the container has: locations, variables, metrics

const template = read(root, "docker/nginx.conf.template");
const exact = [...template.matchAll(/location = (\S+)/g)].map(m => m[1]);
const patterns = [...template.matchAll(/location ~ (\S+)/g)].map(m => new RegExp(m[1]));
const served = p => exact.includes(p) || patterns.some(re => re.test(p));
const entrypoint = read(root, "docker/entrypoint");
const metrics = [...read(root, "docs/operation.md")
    .matchAll(/^\| ((?:`\w+`(?:, )?)+) \| (?:gauge|counter|histogram)/gm)]
    .flatMap(m => [...m[1].matchAll(/`(\w+)`/g)].map(n => "cc_executor_" + n[1]));

const subset = (a, b) => Object.entries(a ?? {}).every(([k, v]) => (b ?? {})[k] === v);
const title = o => `${o.kind}/${o.metadata?.name}`;

// values and fields: the documents of all targets at once, TypeScript is slow

const source = [], origin = [];

function schema(o, say) {
    const [group, version] = o.apiVersion?.includes("/") ? o.apiVersion.split("/") : ["", o.apiVersion];
    const module = (group === "gateway.networking.k8s.io" ? "@kubernetes-models/gateway-api/"
        : "kubernetes-models/") + (group ? group + "/" : "") + version;
    let Kind;
    try { Kind = require(module)[o.kind]; } catch { /* said below */ }
    if (!Kind) return say(o, `${o.apiVersion} ${o.kind}: unknown kind`);
    try { new Kind(o).validate(); } catch (e) { say(o, e.message); }
    const n = origin.push([o, say]);
    source.push(`import { I${o.kind} as I${n} } from "${module}";`,
        `export const d${n}: I${n} = ${JSON.stringify(o)};`);
}

function fields() {
    const file = path.join(here, "check.ts");
    fs.writeFileSync(file, source.join("\n") + "\n");
    const tsc = spawnSync(process.execPath, [path.join(here, "node_modules/typescript/bin/tsc"),
        "--noEmit", "--skipLibCheck", "--strict", "--target", "es2020", "--module", "preserve",
        "--moduleResolution", "bundler", file], { encoding: "utf8", cwd: here });
    let last;
    for (const line of tsc.stdout.split("\n")) {
        const m = line.match(/check\.ts\((\d+),\d+\): error (.*)/);
        if (m) {
            last = origin[Math.floor((m[1] - 1) / 2)];
            last[1](last[0], m[2].replace(/'"|"'/g, "'").slice(0, 300));
        }
    }
    if (tsc.status !== 0 && !last) throw new Error(tsc.stdout + tsc.stderr);
}

// do they fit together?

function together(all, say) {
    const of = kind => all.filter(o => o.kind === kind);
    const workloads = all.filter(o => ["StatefulSet", "Deployment", "DaemonSet"].includes(o.kind));
    const pods = workloads.map(w => w.spec.template);
    const containers = pod => pod.spec.containers ?? [];
    const ports = list => list.flatMap(p => containers(p).flatMap(c => c.ports ?? []));
    const selected = labels => pods.filter(p => subset(labels, p.metadata?.labels));
    const has = (list, port) => ports(list).some(p => p.name === port || p.containerPort === port);
    const config = of("ConfigMap").reduce((a, c) => ({ ...a, ...c.data }), {});

    for (const o of all) {
        if (all.some(p => p !== o && title(p) === title(o))) say(o, "is there twice");
    }
    for (const w of workloads) {
        if (!subset(w.spec.selector?.matchLabels, w.spec.template.metadata?.labels)) {
            say(w, "its selector does not match the labels of its pods");
        }
        workload(w, w.spec.template.spec, config, all, say);
    }
    for (const s of of("StatefulSet")) {
        const service = of("Service").find(v => v.metadata.name === s.spec.serviceName);
        if (service?.spec.clusterIP !== "None") {
            say(s, `serviceName ${s.spec.serviceName} is no headless Service`);
        }
    }
    for (const s of of("Service")) {
        const list = selected(s.spec.selector);
        if (!list.length) say(s, "its selector matches no pods");
        for (const p of s.spec.ports ?? []) {
            if (list.length && !has(list, p.targetPort ?? p.port)) {
                say(s, `targetPort ${p.targetPort} is no port of its pods`);
            }
        }
    }
    for (const b of of("PodDisruptionBudget")) {
        if (!selected(b.spec.selector?.matchLabels).length) say(b, "its selector matches no pods");
    }
    policies(of("NetworkPolicy"), selected, has, say);
    for (const s of of("StatefulSet")) nodes(s, config, of("NetworkPolicy"), say);
    for (const h of of("HorizontalPodAutoscaler")) {
        const ref = h.spec.scaleTargetRef;
        if (!workloads.some(w => w.kind === ref.kind && w.metadata.name === ref.name)) {
            say(h, `there is no ${ref.kind}/${ref.name}`);
        }
        if (h.spec.minReplicas > h.spec.maxReplicas) say(h, "minReplicas is above maxReplicas");
        for (const m of h.spec.metrics ?? []) {
            const name = m.pods?.metric.name;
            if (name && !metrics.includes(name)) say(h, `there is no metric ${name}`);
        }
    }
    fronts(of("Ingress"), of("HTTPRoute"), of("Service"), config, say);
}

function workload(w, spec, config, all, say) {
    const volumes = [...(spec.volumes ?? []).map(v => v.name),
        ...(w.spec.volumeClaimTemplates ?? []).map(v => v.metadata?.name)];
    if (spec.automountServiceAccountToken !== false) say(w, "its pods get a token of the API");
    if (spec.securityContext?.runAsNonRoot !== true) say(w, "may run as root");
    if (spec.securityContext?.seccompProfile?.type !== "RuntimeDefault") say(w, "has no seccomp profile");
    let stop = 0;
    for (const c of spec.containers ?? []) {
        const s = c.securityContext ?? {};
        if (s.allowPrivilegeEscalation !== false) say(w, "may gain privileges");
        if (s.readOnlyRootFilesystem !== true) say(w, "its root can be written");
        if (!s.capabilities?.drop?.includes("ALL")) say(w, "has capabilities");
        if (!c.resources?.limits?.memory) say(w, "has no limit of memory");
        const mounts = (c.volumeMounts ?? []).map(m => m.mountPath);
        for (const m of c.volumeMounts ?? []) {
            if (!volumes.includes(m.name)) say(w, `there is no volume ${m.name}`);
        }
        for (const dir of ["/workspace", "/var/lib/cc-executor", "/tmp"]) {
            if (!mounts.includes(dir)) say(w, `${dir} cannot be written`);
        }
        for (const kind of ["startupProbe", "readinessProbe", "livenessProbe"]) {
            const get = c[kind]?.httpGet;
            if (!get) { say(w, `no ${kind}`); continue; }
            if (!(c.ports ?? []).some(p => p.name === get.port || p.containerPort === get.port)) {
                say(w, `${kind}: there is no port ${get.port}`);
            }
            if (!served(get.path)) say(w, `${kind}: nothing is at ${get.path}`);
        }
        for (const e of c.envFrom ?? []) {
            const name = e.configMapRef?.name;
            if (name && !all.some(o => o.kind === "ConfigMap" && o.metadata.name === name)) {
                say(w, `there is no ConfigMap/${name}`);
            }
        }
        const command = c.lifecycle?.preStop?.exec?.command ?? [];
        stop = Math.max(stop, command[0] === "sleep" ? Number(command[1]) : 0);
        const port = Number(config.DEFAULT_PORT ?? 8003);
        if (!(c.ports ?? []).some(p => p.containerPort === port)) say(w, `nginx listens on ${port}`);
        for (const name of ["TOKEN_FILE", "SECRET_FILE"]) {
            const file = config[name];
            if (file && !mounts.includes(path.dirname(file))) say(w, `${name} ${file} is not mounted`);
        }
        for (const e of c.env ?? []) {
            if (!new RegExp(`\\b${e.name}\\b`).test(entrypoint)) say(w, `the container knows no ${e.name}`);
        }
    }
    if (stop === 0) say(w, "no preStop: new work comes while it ends");
    const grace = spec.terminationGracePeriodSeconds ?? 30;
    if (stop + Number(config.SHUTDOWN_TIMEOUT ?? 5) + 2 > grace) {
        say(w, `is killed after ${grace} s, before SHUTDOWN_TIMEOUT is over`);
    }
    for (const name of Object.keys(config)) {
        if (!new RegExp(`\\b${name}\\b`).test(entrypoint)) say(w, `the container knows no ${name}`);
    }
}

// pods that are nodes: their names are those of DNS, and they reach each other

function nodes(s, config, policies, say) {
    if (!config.PEERS) return;
    const labels = s.spec.template.metadata?.labels;
    const node = (s.spec.template.spec.containers ?? []).flatMap(c => c.env ?? [])
        .find(e => e.name === "NODE");
    if (node?.valueFrom?.fieldRef?.fieldPath !== "metadata.name") say(s, "NODE is not the name of the pod");
    const place = `*.${s.spec.serviceName}.${s.metadata.namespace ?? "cc-executor"}.svc.cluster.local:`
        + (config.DEFAULT_PORT ?? 8003);
    if (config.PEERS !== place) say(s, `PEERS are at ${place}, not at ${config.PEERS}`);
    if (!config.SECRET_FILE) say(s, "PEERS without SECRET_FILE");
    const of = policies.filter(p => Object.keys(p.spec.podSelector ?? {}).length
        && subset(p.spec.podSelector.matchLabels, labels));
    const open = (rules, side, test) => rules.some(r => r[side]?.some(test));
    const pods = x => x.podSelector?.matchLabels && subset(x.podSelector.matchLabels, labels);
    if (!open(of.flatMap(p => p.spec.ingress ?? []), "from", pods)) say(s, "its pods let each other not in");
    const out = of.flatMap(p => p.spec.egress ?? []);
    if (!open(out, "to", pods)) say(s, "its pods do not get to each other");
    const dns = out.filter(r => r.ports?.some(p => p.port === 53 && p.protocol === "UDP"));
    if (!open(dns, "to", x => x.namespaceSelector)) say(s, "its pods cannot ask for names");
}

function policies(list, selected, has, say) {
    const deny = list.some(p => !Object.keys(p.spec.podSelector ?? { x: 1 }).length
        && !p.spec.ingress && !p.spec.egress && p.spec.policyTypes?.length === 2);
    for (const p of list) {
        const some = selected(p.spec.podSelector?.matchLabels);
        if (!deny) say(p, "nothing is denied by default");
        if (!some.length) say(p, "its podSelector matches no pods");
        for (const rule of p.spec.ingress ?? []) {
            if (!rule.from?.length) say(p, "lets everybody in");
            for (const port of rule.ports ?? []) {
                if (!has(some, port.port)) say(p, `port ${port.port} is no port of its pods`);
            }
        }
        for (const port of (p.spec.egress ?? []).flatMap(rule => rule.ports ?? [])) {
            if (typeof port.port === "string" && !has(some, port.port)) {
                say(p, `port ${port.port} is no port of its pods`);
            }
        }
    }
}

function fronts(ingresses, routes, services, config, say) {
    const backend = (o, name, port) => {
        const s = services.find(v => v.metadata.name === name);
        if (!s) say(o, `there is no Service/${name}`);
        else if (!s.spec.ports.some(p => p.name === port || p.port === port)) {
            say(o, `Service/${name} has no port ${port}`);
        } else if (s.spec.clusterIP === "None") say(o, `Service/${name} is headless`);
    };
    const host = (o, name) => {
        if (!config.ALLOWED_HOSTS?.split(",").includes(name)) say(o, `${name} is not in ALLOWED_HOSTS`);
        if (!config.ALLOWED_ORIGINS?.split(",").includes(`https://${name}`)) {
            say(o, `https://${name} is not in ALLOWED_ORIGINS`);
        }
    };
    const at = (o, p) => { if (!served(p)) say(o, `nothing is at ${p}`); };
    for (const i of ingresses) {
        if (/non_idempotent/.test(i.metadata.annotations?.["nginx.ingress.kubernetes.io/proxy-next-upstream"])) {
            say(i, "commands could run twice");
        }
        for (const r of i.spec.rules ?? []) {
            host(i, r.host);
            if (!i.spec.tls?.some(t => t.hosts?.includes(r.host))) say(i, `${r.host} has no TLS`);
            for (const p of r.http?.paths ?? []) {
                at(i, p.path);
                backend(i, p.backend.service?.name, p.backend.service?.port.name ?? p.backend.service?.port.number);
            }
        }
    }
    for (const r of routes) {
        for (const name of r.spec.hostnames ?? []) host(r, name);
        for (const rule of r.spec.rules ?? []) {
            for (const m of rule.matches ?? []) at(r, m.path.value);
            for (const b of rule.backendRefs ?? []) backend(r, b.name, b.port);
        }
    }
}

for (const target of targets) {
    const say = (o, text) => { findings++; console.log(`${target}: ${o ? title(o) + ": " : ""}${text}`); };
    const all = [];
    for (const file of files(target)) {
        for (const d of YAML.parseAllDocuments(read(file))) {
            for (const e of d.errors) say(null, e.message);
            const o = d.errors.length ? null : d.toJS();
            if (o) all.push(o);
        }
    }
    documents += all.length;
    for (const o of all) schema(o, say);
    try { together(all, say); } catch (e) { say(null, `cannot be looked at: ${e.message}`); }
}
fields();
console.log(`${documents} documents, ${findings} findings`);
process.exit(findings ? 1 : 0);
