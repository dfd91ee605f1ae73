/* Colours of the terminal, light and dark by the user's preference. */

const DARK = {
    background: "#0e1318", foreground: "#d6dee6", cursor: "#5fd0c5",
    cursorAccent: "#0e1318", selectionBackground: "#2c5a73",
    black: "#1c242c", red: "#ff8a80", green: "#7fd59a", yellow: "#e9c46a",
    blue: "#7fb4ff", magenta: "#d9a3ff", cyan: "#6fd3e0", white: "#cfd8e0",
    brightBlack: "#7d8b99", brightRed: "#ffaaa3", brightGreen: "#a5e6b8",
    brightYellow: "#f6dd94", brightBlue: "#a9ccff", brightMagenta: "#e7c4ff",
    brightCyan: "#9fe4ed", brightWhite: "#ffffff",
};

const LIGHT = {
    background: "#ffffff", foreground: "#1d2730", cursor: "#0b7a70",
    cursorAccent: "#ffffff", selectionBackground: "#b9dcf2",
    black: "#1d2730", red: "#b3261e", green: "#18703c", yellow: "#7a5600",
    blue: "#1c5fc4", magenta: "#8432b8", cyan: "#0b6a78", white: "#5b6772",
    brightBlack: "#5b6772", brightRed: "#c5332b", brightGreen: "#1f8248",
    brightYellow: "#8a6200", brightBlue: "#2a6fd6", brightMagenta: "#9643c9",
    brightCyan: "#0f7a8a", brightWhite: "#39444e",
};

const dark = matchMedia("(prefers-color-scheme: dark)");

export function theme() {
    return dark.matches ? DARK : LIGHT;
}

/** Of what a search has found. */
export function found() {
    const night = dark.matches;

    return {
        matchBackground: night ? "#4a4320" : "#fff0b3",
        matchOverviewRuler: night ? "#e9c46a" : "#b98900",
        activeMatchBackground: night ? "#8a6d1a" : "#ffd24d",
        activeMatchColorOverviewRuler: night ? "#ffffff" : "#1d2730",
    };
}

export function onThemeChange(call) {
    dark.addEventListener("change", call);
}
