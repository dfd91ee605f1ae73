/* Figures for people. */

export function age(seconds) {
    const s = Math.floor(seconds);

    if (s < 1) {
        return "< 1 s";
    }

    if (s < 60) {
        return `${s} s`;
    }

    if (s < 3600) {
        return `${Math.floor(s / 60)} min`;
    }

    return s < 172800 ? `${Math.floor(s / 3600)} h`
                      : `${Math.floor(s / 86400)} d`;
}

export function bytes(n) {
    return `${n.toLocaleString("en")} ${n === 1 ? "byte" : "bytes"}`;
}

export function memory(n) {
    return n < 1 << 20 ? `${Math.ceil(n / 1024)} KiB`
         : n < 1 << 30 ? `${Math.round(n / (1 << 20))} MiB`
                       : `${(n / (1 << 30)).toFixed(1)} GiB`;
}

/** How it ended, in two words. */
export function ending({ exit_code: code, cause, signal }) {
    const why = cause && cause !== "exit" && cause !== "signal" ? `, ${cause}` : "";

    if (code === null || code === undefined) {
        return cause ?? "";
    }

    return (code < 0 ? signal ?? `signal ${-code}` : `exit ${code}`) + why;
}
