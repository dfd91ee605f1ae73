/*
 * The bearer token.  It is kept in memory; in sessionStorage only if the user
 * says so.  "#token=..." is taken out of the address at once; the browser's
 * history may have it all the same.
 */

const KEY = "cc-executor-token";

let token = "";

function takeFromAddress() {
    const match = /^#token=(.+)$/.exec(location.hash);

    if (!match) {
        return false;
    }

    try {
        token = decodeURIComponent(match[1]);
    } catch {
        token = match[1];
    }

    history.replaceState(null, "", location.pathname + location.search);

    return true;
}

function stored() {
    try {
        return sessionStorage.getItem(KEY) ?? "";
    } catch {
        return "";                      // storage is switched off
    }
}

/** Finds a token at the start; onchange: the user put one into the address. */
export function findToken(onchange) {
    if (!takeFromAddress()) {
        token = stored();
    }

    addEventListener("hashchange", () => {
        if (takeFromAddress()) {
            onchange();
        }
    });
}

export function getToken() {
    return token;
}

/** remember: for as long as this tab lives, reloads of the page included. */
export function setToken(value, remember) {
    token = value;

    try {
        if (remember && value) {
            sessionStorage.setItem(KEY, value);

        } else {
            sessionStorage.removeItem(KEY);
        }
    } catch {
        // storage is switched off: memory has it
    }
}

/** Only these characters can stand in a list of subprotocols (RFC 9110, 5.6.2). */
export function isToken(value) {
    return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value);
}
