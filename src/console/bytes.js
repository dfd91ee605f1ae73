/* Bytes as base64, which carries them exactly in JSON. */

const encoder = new TextEncoder();

/** @returns {Uint8Array} */
export function fromBase64(text) {
    if (Uint8Array.fromBase64) {
        return Uint8Array.fromBase64(text);
    }

    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);

    for (let i = 0; i < binary.length; i++) {
        bytes[i] = binary.charCodeAt(i);
    }

    return bytes;
}

export function toBase64(bytes) {
    let binary = "";

    for (let at = 0; at < bytes.length; at += 8192) {
        binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }

    return btoa(binary);
}

/** UTF-8 of a text, as typed. */
export function ofText(text) {
    return encoder.encode(text);
}

/** A string of characters 0 to 255, as a mouse report is. */
export function ofBinary(text) {
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

export function join(parts) {
    const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;

    for (const part of parts) {
        all.set(part, at);
        at += part.length;
    }

    return all;
}
