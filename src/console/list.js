/* The list of commands, on the left. */

import { age, ending, memory } from "./format.js";

const SIGNS = {
    running: "●", starting: "○", paused: "❚❚", canceling: "◐", ending: "◐",
    exited: "✓", failed: "✕", lost: "!", ended: "!", gone: "–",
};

export class List {
    #box;
    #filter;
    #empty;
    #rows = new Map();
    #commands = [];
    #chosen = null;
    #place = -1;                        /* of the chosen one */
    #choose;

    /** choose(command): the user has chosen one. */
    constructor(box, filter, empty, choose) {
        this.#box = box;
        this.#filter = filter;
        this.#empty = empty;
        this.#choose = choose;
        filter.addEventListener("input", () => this.#draw());
        box.addEventListener("keydown", (event) => this.#key(event));
        setInterval(() => this.#draw(), 1000);
    }

    /** Newest first, those that run before those that have ended. */
    show(commands, chosen) {
        this.#commands = commands.sort((a, b) =>
            a.over - b.over || b.facts.started - a.facts.started);
        this.#chosen = chosen;
        this.#draw();
    }

    focus() {
        (this.#box.querySelector("[tabindex='0']") ?? this.#filter).focus();
    }

    #visible() {
        const text = this.#filter.value.toLowerCase();

        return this.#commands.filter((command) =>
            [command.name, command.facts.command, command.facts.state,
                command.facts.owner].join(" ")
                .toLowerCase().includes(text));
    }

    #draw() {
        const visible = this.#visible();
        const wanted = visible.map((command) => this.#row(command));

        for (const [command, row] of this.#rows) {
            if (!visible.includes(command)) {
                row.remove();
                this.#rows.delete(command);
            }
        }

        wanted.forEach((row, i) => {
            if (this.#box.children[i] !== row) {
                this.#box.insertBefore(row, this.#box.children[i] ?? null);
            }
        });

        if (!this.#box.querySelector("[tabindex='0']") && wanted[0]) {
            wanted[0].tabIndex = 0;
        }

        this.#reveal(visible.indexOf(this.#chosen));

        this.#empty.hidden = visible.length > 0;
        this.#empty.textContent = this.#commands.length
            ? "No command matches." : "No commands yet. Start one below.";
    }

    /* A command that has ended moves down, out of sight in a long list. */

    #reveal(place) {
        if (place !== this.#place) {
            this.#place = place;
            this.#rows.get(this.#chosen)?.scrollIntoView({ block: "nearest" });
        }
    }

    #row(command) {
        let row = this.#rows.get(command);

        if (!row) {
            row = document.createElement("li");
            row.className = "command";
            row.role = "option";
            row.tabIndex = -1;

            // its name is that of the command and its state, nothing else
            row.append(span("sign", true), span("name"), span("facts", true));
            row.children[1].append(span(""), span("unseen"));
            row.addEventListener("click", () => this.#choose(command));
            this.#rows.set(command, row);
        }

        this.#fill(row, command);

        return row;
    }

    #fill(row, command) {
        const { facts } = command;
        const chosen = command === this.#chosen;
        const failed = facts.state === "exited" && facts.exit_code !== 0;
        const [sign, name, about] = row.children;

        set(row, "aria-selected", String(chosen));
        set(row, "data-state", failed ? "failed" : facts.state);
        set(row, "title", facts.command || command.name || "");
        text(sign, failed ? SIGNS.failed : SIGNS[facts.state] ?? "·");
        text(name.children[0], command.name || "");
        text(name.children[1], `, ${facts.state}`);
        text(about, this.#about(command));
        set(row, "aria-description", about.textContent);

        if (chosen && row.tabIndex !== 0) {
            this.#rove(row);
        }
    }

    #about({ facts, over, kept, bound }) {
        const now = Date.now() / 1000;
        const parts = [over ? ending(facts) || facts.state : facts.state];

        if (facts.started) {
            parts.push(age((facts.ended ?? now) - facts.started));
        }

        if (facts.cpu_time >= 0.1) {
            parts.push(`${facts.cpu_time.toFixed(1)} s CPU`);
        }

        if (facts.memory > 0 && !over) {
            parts.push(memory(facts.memory));
        }

        if (facts.own === false) {
            parts.push(facts.owner ? `by ${facts.owner.replace("token:", "")}`
                                   : "by somebody else");
        }

        if (facts.watchers > 1) {
            parts.push(`${facts.watchers} watch`);
        }

        if ((!kept || bound) && !over) {
            parts.push("not kept");
        }

        return parts.join(" · ");
    }

    #rove(row) {
        for (const other of this.#rows.values()) {
            other.tabIndex = other === row ? 0 : -1;
        }
    }

    #key(event) {
        const rows = [...this.#box.children];
        const at = rows.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0,
                     End: rows.length - 1 }[event.key];

        if (to !== undefined && rows[to]) {
            event.preventDefault();
            this.#rove(rows[to]);
            rows[to].focus();

        } else if ((event.key === "Enter" || event.key === " ") && rows[at]) {
            event.preventDefault();
            rows[at].click();
        }
    }
}

function span(name, hidden = false) {
    const element = document.createElement("span");

    element.className = name;
    element.ariaHidden = hidden ? "true" : null;

    return element;
}

/* only what changes: a screen reader hears the rest again */

function set(element, name, value) {
    if (element.getAttribute(name) !== value) {
        element.setAttribute(name, value);
    }
}

function text(element, value) {
    if (element.textContent !== value) {
        element.textContent = value;
    }
}
