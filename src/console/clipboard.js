/* The clipboard, also where the page is no secure context. */

/** @returns {Promise<boolean>} */
export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyByCommand(text);
    }
}

function copyByCommand(text) {
    const area = document.createElement("textarea");
    const focused = document.activeElement;

    area.className = "away";
    area.value = text;
    document.body.append(area);
    area.select();

    const done = document.execCommand("copy");

    area.remove();
    focused?.focus();

    return done;
}
