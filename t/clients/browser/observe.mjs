// Observers in the console: what somebody else runs is listed with whose it is, is
// shown, and cannot be typed into; the buttons work for who may signal.
//
//     observe.mjs URL AGENT-TOKEN OBSERVER-TOKEN TOKEN-OF-ONE-WHO-SIGNALS

import { Console, check, finish, launch, until } from "./page.mjs";

const [, , url, ...tokens] = process.argv;
const browser = await launch();
const [agent, person, guard] = await Promise.all(tokens.map((token) =>
    Console.open(browser, `${url}#token=${token}`)));
const command = `echo from the agent; exec sleep ${process.env.CC_MARK}`;

await person.says("connected");
await agent.run(command, { tty: true });
check(await agent.shows("from the agent"), "an agent runs something");

for (const [name, tab] of [["observer", person], ["guard", guard]]) {
    const row = tab.option(`${command}, running`);

    await row.waitFor();
    check(/ · by agent\b/.test(await row.getAttribute("aria-description")),
        `${name}: it is in the list, with whose it is`,
        await row.getAttribute("aria-description"));
    await row.click();
    check(await tab.shows("from the agent"), `${name}: and is shown`);
    check((await tab.output.textContent()).includes("read only"),
        `${name}: to read only`);
    check(await tab.box("Read only").isChecked()
          && await tab.box("Read only").isDisabled(),
        `${name}: which is not the page's choice`);
}

check(await person.button("Cancel").isDisabled()
      && await person.button("Pause").isDisabled(), "observer: no button does anything");
await person.terminal.press("Control+c");
await guard.button("Pause").click();
check(await guard.state("paused"), "guard: Pause");
check(await person.state("paused"), "observer: is told");
await guard.button("Resume").click();
check(await guard.state("running"), "guard: Resume");
await guard.button("Cancel").click();

for (const tab of [guard, person, agent]) {
    check(await tab.state("exited"), "it has ended, for everybody");
}

check(await until(async () => await person.option(`${command}, exited`).isVisible()),
    "in the list, too");

// one that ends with the agent's connection

const bound = `echo bound; exec sleep ${process.env.CC_MARK}`;

await agent.run(bound, { keep: false });

const row = person.option(`${bound}, running`);

await row.waitFor();
check(/ · by agent · not kept$/.test(await row.getAttribute("aria-description")),
    "what is not kept is in the list, too, and says so",
    await row.getAttribute("aria-description"));
await row.click();
check(await person.shows("bound")
      && (await person.output.textContent()).includes("read only"),
    "it is shown, to read only");
await agent.button("Cancel").click();
check(await person.state("exited") && await agent.state("exited"),
    "its end is told to both");
check(await until(async () => await agent.option(`${bound}, exited`).isVisible()),
    "whoever started it has it still");

for (const tab of [agent, person, guard]) {
    check((await tab.violations()).length === 0 && tab.complaints.length === 0,
        "no complaint", tab.complaints);
}

await finish(browser);
