/* Output as files: what the server still holds, not what the terminal shows. */

import { fromBase64 } from "./bytes.js";

const MOST = 65536;                     /* bytes of one read */

/**
 * @returns {Promise<{parts, missing, bytes}>} of one stream; missing: bytes that
 * the server does not hold any more, the parts say where
 */
async function readAll(link, id, stream) {
    const parts = [];
    let offset = 0;
    let missing = 0;
    let bytes = 0;

    for (;;) {
        const read = await link.request("read", { execution_id: id, stream,
            offset, max_bytes: MOST, encoding: "base64" });

        missing += read.dropped;

        if (read.next <= read.from) {
            return { parts, missing, bytes };
        }

        if (read.dropped) {
            parts.push(`\n[${read.dropped} bytes are missing here]\n`);
        }

        parts.push(fromBase64(read.data));
        bytes += read.next - read.from;
        offset = read.next;
    }
}

function save(name, parts) {
    const link = document.createElement("a");

    link.href = URL.createObjectURL(new Blob(parts));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function fileName(command, stream) {
    const name = command.name.replace(/[^\w.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "")
                             .slice(0, 40);

    return `${name || "output"}.${stream}.txt`;
}

/** @returns {Promise<string>} what was saved and what is missing, for people */
export async function download(link, command) {
    if (!command.kept) {
        save(fileName(command, "terminal"), [command.screen.text]);

        return "Saved what the terminal shows: the server holds the output only"
               + " of kept commands.";
    }

    const said = [];

    for (const stream of ["stdout", "stderr"]) {
        const { parts, missing, bytes } = await readAll(link, command.id, stream);

        if (bytes > 0 || (stream === "stdout" && missing === 0)) {
            save(fileName(command, stream), parts);
            said.push(`${bytes} bytes of ${stream}`);
        }

        if (missing > 0) {
            said.push(`${missing} bytes of ${stream} are missing: the server`
                      + " does not hold them any more");
        }
    }

    return `Saved ${said.join("; ")}.`;
}
