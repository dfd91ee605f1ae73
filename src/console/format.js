/* Figures for people. */

/* Linux's, of those that end a command; a list has numbers only */
const SIGNALS = {
    1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS",
    8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM",
    15: "SIGTERM", 24: "SIGXCPU", 25: "SIGXFSZ",
};

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

    return (code >= 0 ? `exit ${code}`
                      : signal ?? SIGNALS[-code] ?? `signal ${-code}`) + why;
}
