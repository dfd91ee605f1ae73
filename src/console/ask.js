/* A question that a program in the terminal gives rise to. */

const dialog = document.getElementById("ask");
let open = null;

/** @returns {Promise<boolean>} one question at a time: others get no for an answer */
export function confirmation(question, text, yes) {
    if (open) {
        return Promise.resolve(false);
    }

    document.getElementById("ask-question").textContent = question;
    document.getElementById("ask-text").textContent = text;
    document.getElementById("ask-yes").textContent = yes;
    dialog.returnValue = "";
    dialog.showModal();

    return new Promise((resolve) => {
        open = () => {
            open = null;
            resolve(dialog.returnValue === "yes");
        };
        dialog.addEventListener("close", open, { once: true });
    });
}
