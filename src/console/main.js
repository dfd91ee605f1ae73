/*
 * The page: one link to the server, the commands of its owner (and those that it
 * may observe), one of them shown.
 */

import "@xterm/xterm/css/xterm.css";
import "./page.css";

import { Command, loadScreens, setScreenReader } from "./command.js";
import { Composer } from "./composer.js";
import { allowStyles } from "./csp.js";
import { age, bytes, ending } from "./format.js";
import { Link, Refusal } from "./link.js";
import { List } from "./list.js";
import { findToken, isToken, setToken } from "./token.js";
import { Toolbar } from "./toolbar.js";
import { TouchKeys } from "./touch.js";

const POLL = 5000;                      /* ms between two lists, for their figures */
const SCREENS = 8;                      /* so many terminals are remembered */

/*
 * This runs as soon as it is there ("async"), and connects before all else.  The
 * style sheet may still be on its way, so nothing here may ask for a layout.
 */

if (document.readyState === "loading") {
    await new Promise((resolve) =>
        document.addEventListener("readystatechange", resolve, { once: true }));
}

const byId = (id) => document.getElementById(id);
const output = byId("output");
const host = byId("screens");

const commands = new Map();             /* by execution_id */
const recent = [];                      /* with a screen, the latest last */
let capabilities = [];
let chosen = null;
let pollTimer = 0;
let noticeTimer = 0;
let listTimer = 0;

const link = new Link(document.body.dataset.endpoint ?? "../ws/mcp", {
    state: showState,
    session: begin,
    notification: (method, params) => method === "process.listed"
        ? listed(params)
        : commands.get(params?.execution_id)?.notified(method, params),
});

findToken(() => link.reconnect());
link.connect();
allowStyles(document);

const list = new List(byId("commands"), byId("filter"), byId("no-commands"),
                      (command) => choose(command, true));
const composer = new Composer(byId("composer"), run);
const touch = new TouchKeys(byId("touch-keys"));
const toolbar = new Toolbar(link, {
    notice,
    readOnly: (on) => chosen?.setReadOnly(on, host).then(() => {
        chosen.fit();
    }),
});

const callbacks = {
    change: (command) => {
        showListSoon();

        if (command === chosen) {
            showChosen();
        }
    },
    shown: (command) => {
        if (command === chosen) {
            showFacts();
        }
    },
    trouble: (text) => notice(text, true),
    scroll: () => toolbar.scrolled(),
    found: (index, count) => toolbar.found(index, count),
    ctrlUsed: () => touch.ctrlUsed(),
    steers: () => capabilities.includes("observe:signal"),
};

/* the connection */

function showState({ name, text, token }) {
    const status = byId("status");

    if (status.textContent !== text) {
        status.textContent = text;
    }

    document.body.dataset.link = name;
    byId("reconnect").hidden = name === "connected" || name === "connecting";
    byId("token-form").hidden = !token;
    composer.enable(name === "connected");

    if (token) {
        byId("token").focus();
    }

    if (name !== "connected") {
        clearTimeout(pollTimer);

        for (const command of commands.values()) {
            command.lost();
        }
    }

    toolbar.show(chosen);
}

/* A session begins: go on where the last one broke. */

function begin(words) {
    capabilities = words;
    composer.offer({ tty: words.includes("tty"), keep: words.includes("keep") });

    chosen?.attach(host);

    poll({ watch: true });
    whenIdle(loadScreens);
}

/* After the first paint, and not while the user is about to do something. */

function whenIdle(action) {
    if (window.requestIdleCallback) {
        requestAnimationFrame(() => requestIdleCallback(action, { timeout: 500 }));

    } else {
        requestAnimationFrame(() => setTimeout(action));
    }
}

/* What begins and ends is told at once (watch); what changes meanwhile is asked for. */

async function poll(options) {
    clearTimeout(pollTimer);

    const observe = capabilities.includes("observe");

    if (observe || capabilities.includes("attach")) {
        const scope = observe ? "realm" : "owner";

        try {
            update((await link.request("list", { scope, ...options })).commands);
        } catch (error) {
            if (error instanceof Refusal) {
                notice(error.message, true);
            }
        }
    }

    showListSoon();

    if (link.connected) {
        pollTimer = setTimeout(() => poll(), document.hidden ? 5 * POLL : POLL);
    }
}

/* Many things change at a time: it is drawn once. */

function showListSoon() {
    if (!listTimer) {
        listTimer = setTimeout(() => {
            listTimer = 0;
            list.show([...commands.values()], chosen);
        });
    }
}

function update(entries) {
    entries.forEach(learn);

    const listed = new Set(entries.map((entry) => entry.execution_id));

    for (const [id, command] of commands) {
        if (command.kept && !listed.has(id)) {
            forget(command);
        }
    }
}

function listed({ commands: entries, removed }) {
    entries.forEach(learn);

    for (const command of commands.values()) {
        if (command.kept && removed.includes(command.facts.name)) {
            forget(command);
        }
    }

    showListSoon();
}

function learn(entry) {
    const id = entry.execution_id;

    if (commands.has(id)) {
        commands.get(id).update(entry);

    } else if (id !== null) {           // null: all but how it ended is forgotten
        commands.set(id, new Command(link, entry, callbacks));
    }
}

function forget(command) {
    if (command !== chosen) {
        command.dispose();
        commands.delete(command.id);
    }
}

/* commands */

async function run(request) {
    const facts = { execution_id: null, command: request.command };
    const command = new Command(link, facts, callbacks);
    const before = chosen;

    notice("");
    output.dataset.empty = "false";
    before?.screen?.show(false);

    try {
        await command.start(host, request);
    } catch (error) {
        before?.screen?.show(true);
        output.dataset.empty = String(!before);
        notice(error.message, true);
        return false;
    }

    commands.set(command.id, command);
    choose(command, request.tty);

    return true;
}

async function choose(command, focus) {
    const before = chosen;

    chosen = command;

    if (before !== command) {
        before?.screen?.show(false);
        before?.detach();
        command.screen?.show(true);
        remember(command);
    }

    showListSoon();
    showChosen();

    if (link.connected) {
        await command.attach(host);
    }

    if (chosen === command) {
        command.fit();

        if (focus && command.typing) {
            command.screen.focus();
        }

    } else {
        command.screen?.show(false);
        command.detach();
    }
}

/* Terminals are large: the oldest of those that can be shown again goes. */

function remember(command) {
    const at = recent.indexOf(command);

    if (at >= 0) {
        recent.splice(at, 1);
    }

    recent.push(command);

    const oldest = recent.find((one) => one.kept && one !== command);

    if (recent.length > SCREENS && oldest) {
        recent.splice(recent.indexOf(oldest), 1);
        oldest.dispose();
        commands.delete(oldest.id);
    }
}

function showChosen() {
    const { facts, gaps, name, screen, title, typing } = chosen;
    const missed = gaps.reduce((n, gap) => n + gap.bytes, 0);

    output.dataset.empty = "false";
    output.dataset.state = facts.state;
    byId("name").textContent = name;
    byId("title").textContent = title;
    byId("gaps").hidden = missed === 0;
    byId("gaps").textContent = missed ? `${missed} bytes not shown` : "";
    showFacts();
    toolbar.show(chosen);
    touch.show(typing ? screen : null);
}

function showFacts() {
    const { facts, feed, over, readOnly } = chosen;
    const until = facts.ended ?? Date.now() / 1000;

    output.dataset.offset = feed?.offset ?? 0;
    byId("facts").textContent = [
        over ? ending(facts) || facts.state : facts.state,
        facts.started && age(until - facts.started),
        bytes(feed?.offset ?? 0),
        readOnly && "read only",
    ].filter(Boolean).join(" · ");
}

/* What is told; it goes away again, trouble by the next thing that is done. */

function notice(text, trouble = false) {
    const line = byId("notice");

    clearTimeout(noticeTimer);
    line.textContent = text;
    line.hidden = !text;
    line.dataset.trouble = trouble;
    noticeTimer = trouble ? 0 : setTimeout(() => notice(""), 8000);
}

byId("notice").addEventListener("click", () => notice(""));

/* the rest of the page */

byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();

    const value = byId("token").value.trim();

    if (!isToken(value)) {
        notice("A token has letters, digits and some marks, no blanks.", true);
        return;
    }

    notice("");
    setToken(value, byId("remember").checked);
    byId("token").value = "";
    link.reconnect();
});

byId("reconnect").addEventListener("click", () => link.reconnect());
byId("screen-reader").addEventListener("change", (event) =>
    setScreenReader(event.target.checked));

document.addEventListener("visibilitychange", () => {
    for (const command of commands.values()) {
        command.look(!document.hidden, host);
    }

    if (!document.hidden && link.connected) {
        poll();
    }
});

new ResizeObserver(() => chosen?.fit()).observe(host);

/* F6 goes from one part of the page to the next: a terminal takes Tab */

const places = [
    { element: byId("side"), enter: () => list.focus() },
    { element: output, enter: () => chosen?.screen ? chosen.screen.focus()
                                                   : output.focus() },
    { element: byId("composer"), enter: () => composer.focus() },
];

document.addEventListener("keydown", (event) => {
    if (event.key === "F6") {
        const at = places.findIndex(({ element }) =>
            element.contains(document.activeElement));
        const step = event.shiftKey ? places.length - 1 : 1;

        event.preventDefault();
        places[(Math.max(at, 0) + step) % places.length].enter();

    } else if (event.ctrlKey && event.shiftKey && event.key.toLowerCase() === "f") {
        event.preventDefault();
        toolbar.openSearch();
    }
});

setInterval(() => chosen && !chosen.over && showFacts(), 1000);
