/*
 * Writes the page into a directory: index.html, assets with a hash in their
 * names, each also as .gz for nginx's gzip_static, the licences of what is in it,
 * and the same as components of a bill of materials (.ci/sbom).
 *
 *     node build.mjs DIRECTORY
 */

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const into = path.resolve(process.argv[2]);
const packages = Object.keys(JSON.parse(
    await readFile(path.join(here, "package.json"), "utf8")).dependencies);

async function put(name, text) {
    await writeFile(path.join(into, name), text);
    await writeFile(path.join(into, `${name}.gz`), gzipSync(text, { level: 9 }));
}

async function licences() {
    let text = "What this page is made of, beside ngx_cc_executor_module"
               + " (BSD-2-Clause):\n";

    for (const name of packages) {
        const from = path.join(here, "node_modules", name);
        const { version, license } = JSON.parse(
            await readFile(path.join(from, "package.json"), "utf8"));
        const words = await readFile(path.join(from, "LICENSE"), "utf8");

        text += `\n${"-".repeat(72)}\n${name} ${version} (${license})\n\n${words}`;
    }

    return text;
}

/* CycloneDX: a package that is in the page, with the digest of its lock file */
async function components() {
    const lock = JSON.parse(
        await readFile(path.join(here, "package-lock.json"), "utf8")).packages;

    return packages.map((name) => {
        const { version, license, integrity } = lock[`node_modules/${name}`];
        const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;

        return {
            "type": "library", "bom-ref": purl, name, version,
            "hashes": [{ "alg": "SHA-512",
                         "content": Buffer.from(integrity.slice("sha512-".length),
                                                "base64").toString("hex") }],
            "licenses": [{ "license": { "id": license } }],
            purl,
        };
    });
}

await rm(into, { recursive: true, force: true });
await mkdir(into, { recursive: true });

const options = {
    absWorkingDir: here,
    bundle: true,
    entryNames: "assets/[name]-[hash]",
    format: "esm",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    minify: true,
    outdir: into,
    target: ["chrome120", "firefox120", "safari17"],
};

/*
 * Two scripts: what draws terminals, which is most of the bytes, and the page,
 * which asks for it.  Each is whole: a third one with what they share would be
 * one more request that the page waits for.
 */

const screen = await build({ ...options, entryPoints: ["screen.js"] });
const screenName = path.basename(Object.keys(screen.metafile.outputs)
    .find((name) => name.endsWith(".js")));

const { metafile } = await build({
    ...options,
    entryPoints: ["main.js"],
    plugins: [{
        name: "screen",
        setup: ({ onResolve }) => onResolve({ filter: /^\.\/screen\.js$/ },
            () => ({ path: `./${screenName}`, external: true })),
    }],
});

const main = Object.entries(metafile.outputs).find(([, output]) =>
    output.entryPoint === "main.js");
const asset = (name) => path.relative(into, path.resolve(here, name));
const html = (await readFile(path.join(here, "index.html"), "utf8"))
    .replace("{{js}}", asset(main[0]))
    .replace("{{css}}", asset(main[1].cssBundle));

await put("index.html", html);
await put("licences.txt", await licences());
await writeFile(path.join(into, "components.json"), JSON.stringify(await components()));

for (const name of await readdir(path.join(into, "assets"))) {
    await put(`assets/${name}`, await readFile(path.join(into, "assets", name)));
}
