/* The terminal of one command. */

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";

import { confirmation } from "./ask.js";
import { ofBinary, ofText } from "./bytes.js";
import { copyText } from "./clipboard.js";
import { found, onThemeChange, theme } from "./theme.js";

const SCROLLBACK = 5000;
const MARK = "\x1b[31m\u258e";          /* begins what comes of stderr */
const UNMARK = "\x1b[39m";
const OSC52_MAX = 100000;

let reader = false;                     /* for people with a screen reader */
const screens = new Set();

/** Of all screens, now and later. */
export function setScreenReader(on) {
    reader = on;

    for (const screen of screens) {
        screen.terminal.options.screenReaderMode = on;
    }
}

onThemeChange(() => {
    for (const screen of screens) {
        screen.terminal.options.theme = theme();
    }
});

export class Screen {
    #fit = new FitAddon();
    #search = new SearchAddon();
    #stream = "stdout";
    #lineBegins = true;
    #decoder = {};
    #muted = false;
    #typing = false;
    #ctrl = false;
    #on;

    /**
     * Puts itself into the element host.  tty: what comes is for a terminal, not
     * two streams of lines.  on.input(bytes), on.size(cols, rows),
     * on.scroll(following), on.title(text), on.found(index, count)
     */
    constructor(host, tty, on) {
        this.tty = tty;
        this.#on = on;
        this.element = document.createElement("div");
        this.element.className = "screen";
        host.append(this.element);

        this.terminal = new Terminal({
            allowProposedApi: true,
            convertEol: !tty,
            cursorInactiveStyle: tty ? "outline" : "none",
            disableStdin: true,
            fontFamily: "ui-monospace, SFMono-Regular, 'DejaVu Sans Mono', "
                        + "'Liberation Mono', Menlo, Consolas, monospace",
            fontSize: 13,
            lineHeight: 1.2,
            linkHandler: { activate: (event, uri) => this.#openLink(uri) },
            minimumContrastRatio: 4.5,
            screenReaderMode: reader,
            scrollback: SCROLLBACK,
            theme: theme(),
        });

        this.terminal.loadAddon(this.#fit);
        this.terminal.loadAddon(this.#search);
        this.terminal.loadAddon(new WebLinksAddon((event, uri) => go(uri)));
        this.terminal.open(this.element);
        this.#listen();
        screens.add(this);

        if (!tty) {
            this.terminal.write("\x1b[?25l");       // nothing is typed here
        }
    }

    get size() {
        return { cols: this.terminal.cols, rows: this.terminal.rows };
    }

    get following() {
        const buffer = this.terminal.buffer.active;

        return buffer.viewportY === buffer.baseY;
    }

    get selection() {
        return this.terminal.getSelection();
    }

    /** Everything that it still has, as text. */
    get text() {
        const buffer = this.terminal.buffer.active;
        let text = "";

        for (let i = 0; i < buffer.length; i++) {
            const line = buffer.getLine(i);
            const next = buffer.getLine(i + 1);

            text += line.translateToString(!next?.isWrapped);
            text += next?.isWrapped ? "" : "\n";
        }

        return text.trimEnd() + "\n";
    }

    write(stream, bytes, taken) {
        if (this.tty) {
            this.terminal.write(bytes, taken);
            return;
        }

        this.#decoder[stream] ??= new TextDecoder();
        this.terminal.write(this.#marked(stream,
            this.#decoder[stream].decode(bytes, { stream: true })), taken);
    }

    gap(bytes, taken) {
        if (this.tty) {
            this.terminal.write("", taken);

        } else {
            this.terminal.write(`${UNMARK}\r\n\x1b[7m ${bytes} bytes not shown `
                                + "\x1b[27m\r\n", taken);
        }
    }

    /** Muted: what the terminal itself answers is not sent. */
    mute(on) {
        this.#muted = on;
    }

    allowTyping(on) {
        this.#typing = on;
        this.terminal.options.disableStdin = !on;
    }

    /** The next key is one with Ctrl. */
    holdCtrl(on) {
        this.#ctrl = on;
    }

    /** A key of the touch row. */
    press(text) {
        if (this.#typing) {
            this.#on.input(ofText(this.#withCtrl(text)));
        }
    }

    applicationCursor() {
        return this.terminal.modes.applicationCursorKeysMode;
    }

    show(on) {
        this.element.hidden = !on;
    }

    /** As many columns and rows as there is room for. */
    fit() {
        const room = this.#fit.proposeDimensions();

        if (room && room.cols > 1 && room.rows > 0) {
            this.terminal.resize(Math.min(room.cols, 1000),
                                 Math.min(room.rows, 1000));
        }
    }

    resize(cols, rows) {
        this.terminal.resize(cols, rows);
    }

    /** What was written is drawn. */
    settled() {
        return new Promise((resolve) => this.terminal.write("", resolve));
    }

    reset() {
        this.terminal.reset();
        this.#decoder = {};
        this.#stream = "stdout";
    }

    follow() {
        this.terminal.scrollToBottom();
    }

    focus() {
        this.terminal.focus();
    }

    find(text, { back = false, incremental = false } = {}) {
        const options = { decorations: found(), incremental };

        return back ? this.#search.findPrevious(text, options)
                    : this.#search.findNext(text, options);
    }

    endSearch() {
        this.#search.clearDecorations();
    }

    dispose() {
        screens.delete(this);
        this.terminal.dispose();
        this.element.remove();
    }

    #listen() {
        const terminal = this.terminal;
        const scrolled = () => this.#on.scroll(this.following);

        terminal.onData((text) => this.#typed(() => ofText(this.#withCtrl(text))));
        terminal.onBinary((text) => this.#typed(() => ofBinary(text)));
        terminal.onResize(({ cols, rows }) => this.#on.size(cols, rows));
        terminal.onScroll(scrolled);
        terminal.onWriteParsed(scrolled);
        this.element.addEventListener("wheel", () => setTimeout(scrolled),
                                      { passive: true });
        terminal.onTitleChange((title) => this.#on.title(title));
        this.#search.onDidChangeResults(({ resultIndex, resultCount }) =>
            this.#on.found(resultIndex, resultCount));
        terminal.attachCustomKeyEventHandler((event) => this.#key(event));
        terminal.parser.registerOscHandler(52, (data) => this.#clipboard(data));
        terminal.textarea.setAttribute("aria-description",
            "F6 leaves the terminal");
    }

    #typed(bytes) {
        if (this.#typing && !this.#muted) {
            this.#on.input(bytes());
        }
    }

    #withCtrl(text) {
        if (!this.#ctrl || text.length !== 1) {
            return text;
        }

        this.#ctrl = false;
        this.#on.ctrlUsed();

        return String.fromCharCode(text.toUpperCase().charCodeAt(0) & 0x1f);
    }

    /* false: the page's or the browser's, not the terminal's */

    #key(event) {
        const key = event.key.toLowerCase();

        if (key === "f6" || (key === "tab" && !this.#typing)) {
            return false;
        }

        if (event.ctrlKey && !event.altKey && !event.metaKey) {
            const copies = key === "c" && this.terminal.hasSelection();

            if (copies || (event.shiftKey && key === "c")) {
                if (event.type === "keydown") {
                    event.preventDefault();
                    copyText(this.selection);
                    this.terminal.clearSelection();
                }

                return false;
            }

            if (event.shiftKey && (key === "f" || key === "v")) {
                return false;
            }
        }

        return true;
    }

    /* Lines of stderr begin with a mark: colour alone says nothing to some. */

    #marked(stream, text) {
        const before = this.#stream;

        if (text === "") {
            return "";
        }

        this.#stream = stream;

        if (stream === "stdout") {
            return before === "stderr" ? UNMARK + text : text;
        }

        const begins = before === "stdout" || this.#lineBegins;

        this.#lineBegins = text.endsWith("\n");

        return (begins ? MARK : "") + text.replace(/\n(?=.)/gs, `\n${MARK}`);
    }

    /* OSC 52: a program wants to write the clipboard. */

    #clipboard(data) {
        const encoded = data.slice(data.indexOf(";") + 1);

        if (this.#muted || encoded === "?" || encoded.length > OSC52_MAX) {
            return true;
        }

        let text;

        try {
            text = new TextDecoder().decode(
                Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0)));
        } catch {
            return true;
        }

        confirmation("The program wants to put this into the clipboard:", text,
                     "Allow")
            .then((yes) => yes && copyText(text));

        return true;
    }

    /* OSC 8: what is shown need not be where it leads. */

    async #openLink(uri) {
        if (/^https?:/i.test(uri)
            && await confirmation("This link leads to:", uri, "Open"))
        {
            go(uri);
        }
    }
}

function go(uri) {
    window.open(uri, "_blank", "noopener,noreferrer");
}
