/*
 * Binary messages (docs/protocol.md): a header, then bytes of one stream of the
 * command that has the channel.
 */

const VERSION = 1;
const HEADER = 24;                      /* bytes */
const STREAMS = { 1: "stdout", 2: "stderr" };

/** Of an ArrayBuffer: its channel, and the same as of process.output. */
export function packet(buffer) {
    const header = new DataView(buffer, 0, HEADER);
    const type = STREAMS[header.getUint8(1)];

    if (header.getUint8(0) !== VERSION || !type) {
        throw new Error("a binary message that is not known");
    }

    const data = new Uint8Array(buffer, HEADER);
    const offset = Number(header.getBigUint64(8));

    return { channel: header.getUint32(4), type, data, offset,
             next: offset + data.length };
}
