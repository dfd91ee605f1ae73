/* The buttons above the terminal, and the search. */

import { copyText } from "./clipboard.js";
import { download } from "./download.js";

const byId = (id) => document.getElementById(id);

export class Toolbar {
    #link;
    #command = null;
    #notice;
    #buttons = {};

    /** notice(text): something to say; readOnly(on) when the user says so. */
    constructor(link, { notice, readOnly }) {
        this.#link = link;
        this.#notice = notice;

        const actions = {
            pause: (c) => c.control("PAUSE"),
            resume: (c) => c.control("RESUME"),
            interrupt: (c) => c.signal("INT", c.screen.tty ? "foreground" : "tree"),
            cancel: (c) => c.control("CANCEL"),
            kill: (c) => c.signal("KILL", "tree"),
            search: () => this.openSearch(),
            copy: (c) => this.#copy(c),
            download: (c) => this.#download(c),
            follow: (c) => {
                c.screen.follow();
                this.scrolled();
            },
        };

        for (const [name, action] of Object.entries(actions)) {
            const button = byId(name);

            this.#buttons[name] = button;
            button.addEventListener("click", () => action(this.#command));
        }

        byId("read-only").addEventListener("change", (event) =>
            readOnly(event.target.checked));
        this.#listenToSearch();
    }

    show(command) {
        if (command !== this.#command) {
            this.closeSearch();
        }

        this.#command = command;

        const state = command?.facts.state;
        const may = Boolean(command?.controllable);
        const enabled = {
            pause: may && state === "running",
            resume: may && state === "paused",
            interrupt: may, cancel: may, kill: may,
            search: Boolean(command?.screen),
            copy: Boolean(command?.screen),
            download: Boolean(command?.screen) && this.#link.connected,
            follow: Boolean(command?.screen),
        };

        for (const [name, button] of Object.entries(this.#buttons)) {
            if (button.disabled === enabled[name]) {
                button.disabled = !enabled[name];
            }
        }

        byId("read-only").disabled = !command || command.over || command.observed;
        byId("read-only").checked = Boolean(command?.readOnly);
        this.scrolled();
    }

    scrolled() {
        const following = this.#command?.screen?.following ?? true;

        this.#buttons.follow.setAttribute("aria-pressed", String(following));
    }

    found(index, count) {
        byId("found").textContent = !byId("find").value ? ""
            : count === 0 ? "nothing"
            : index < 0 ? `${count}+` : `${index + 1} of ${count}`;
    }

    openSearch() {
        if (this.#command?.screen) {
            byId("search-bar").hidden = false;
            byId("find").focus();
            byId("find").select();
        }
    }

    closeSearch() {
        if (!byId("search-bar").hidden) {
            byId("search-bar").hidden = true;
            this.#command?.screen?.endSearch();
            this.#command?.screen?.focus();
        }
    }

    #listenToSearch() {
        const find = byId("find");
        const go = (options) => find.value
            && this.#command?.screen?.find(find.value, options);

        find.addEventListener("input", () => {
            if (!go({ incremental: true })) {
                this.found(-1, 0);
            }
        });
        find.addEventListener("keydown", (event) => {
            if (event.key === "Enter") {
                go({ back: !event.shiftKey });

            } else if (event.key === "Escape") {
                this.closeSearch();
            }
        });
        byId("find-up").addEventListener("click", () => go({ back: true }));
        byId("find-down").addEventListener("click", () => go({}));
        byId("find-close").addEventListener("click", () => this.closeSearch());
    }

    async #copy({ screen }) {
        const text = screen.selection || screen.text;
        const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

        this.#notice(await copyText(text)
            ? `Copied ${lines} ${lines === 1 ? "line" : "lines"}.`
            : "The browser does not let this page write the clipboard.");
    }

    async #download(command) {
        try {
            this.#notice(await download(this.#link, command));
        } catch (error) {
            this.#notice(`Not saved: ${error.message}`);
        }
    }
}
