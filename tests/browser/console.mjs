// Provost's half: what the administrator does with the vendor's guide at hand.

import assert from "node:assert/strict";
import { ADMIN } from "./servers.mjs";

const NAME = "Netskope";

const main = (page) => page.getByRole("main");
const button = (page, name) => main(page).getByRole("button", { name, exact: true });
const link = (page, name) => main(page).getByRole("link", { name, exact: true });
const heading = (page, name) => main(page).getByRole("heading", { name, exact: true });
// The row of a list with this link in it.
const row = (page, name) => main(page).getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
const navigation = (page) => page.getByRole("navigation", { name: "Main" });
// The part of a page under a heading.
const part = (page, title) => main(page).locator("section, fieldset, div.setting-row").filter({ has: page.getByText(title, { exact: true }) }).last();

// The link that the server printed, the first super admin, and a sign-in with the new password.
export async function firstStart(browser, page, url) {
  await browser.step(page, "first-start link", async () => {
    await page.goto(url);
    await heading(page, "Make the first super admin").waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "first super admin", async () => {
    await page.getByLabel("E-mail").fill(ADMIN.email);
    await page.getByLabel("Password", { exact: false }).first().fill(ADMIN.password);
    await page.getByLabel("Repeat the password").fill(ADMIN.password);
    await button(page, "Make super admin").click();
    await page.getByText("is the first super admin, and you are signed in").waitFor();
  });
  await browser.step(page, "signed out", async () => {
    await page.getByRole("button", { name: `Account: ${ADMIN.email}` }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Sign in").waitFor();
    await browser.accessible(page);
  });
  await signIn(browser, page);
}

export async function signIn(browser, page) {
  await browser.step(page, "signed in", async () => {
    await page.getByLabel("E-mail").fill(ADMIN.email);
    await page.getByLabel("Password").fill(ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await main(page).getByRole("heading", { level: 1 }).waitFor();
    await navigation(page).getByRole("link", { name: "Web and mobile apps" }).waitFor();
  });
}

// Every page of the navigation, with axe.
export async function lookAround(browser, page) {
  const names = ["Home", "Users", "Groups", "Organizational units", "Domains", "Admin log events", "Administrators", "API keys"];
  for (const name of names) {
    await browser.step(page, `page ${name}`, async () => {
      await navigation(page).getByRole("link", { name, exact: true }).click();
      await heading(page, name).waitFor();
      await browser.accessible(page);
    });
  }
}

// API keys > API reference: an operation is opened, and the type of its answer; there and back.
export async function apiReference(browser, page) {
  await browser.step(page, "API reference", async () => {
    await link(page, "API reference").click();
    await heading(page, "API reference").waitFor();
    await browser.accessible(page);
  });
  await browser.narrow(page, "API reference");
  await browser.step(page, "API reference, one operation", async () => {
    await main(page).getByText("Suspend a user –", { exact: false }).click();
    const operation = main(page).locator("#post-users-key-suspend");
    await operation.getByText("curl --request POST").waitFor();
    await operation.getByRole("link", { name: "User", exact: true }).first().click();
    await main(page).locator("#type-User").getByText("suspension_reason").waitFor();
    await browser.accessible(page);
  });
  await browser.narrow(page, "API reference, one operation");
  await browser.step(page, "API reference, back at the console", async () => {
    await navigation(page).getByRole("link", { name: "Home", exact: true }).click();
    await heading(page, "Home").waitFor();
  });
}

// Directory > Users: search while typing, a user's page, and the width of a telephone.
export async function users(browser, page) {
  await browser.step(page, "users found while typing", async () => {
    await navigation(page).getByRole("link", { name: "Users", exact: true }).click();
    await link(page, "Alan Turing").waitFor();
    await main(page).getByLabel("Search users").pressSequentially("grace");
    await link(page, "Alan Turing").waitFor({ state: "detached" });
    await link(page, "Grace Hopper").waitFor();
  });
  await browser.narrow(page, "users");
  await browser.step(page, "user Grace Hopper", async () => {
    await link(page, "Grace Hopper").click();
    await heading(page, "Grace Hopper").waitFor();
    await main(page).getByText("grace.hopper@example.com").first().waitFor();
    await browser.accessible(page);
  });
  await browser.narrow(page, "user");
}

// Apps > Web and mobile apps > Add app > Netskope, with its service provider details.
export async function addApp(browser, page) {
  await browser.step(page, "apps before", async () => {
    await navigation(page).getByRole("link", { name: "Web and mobile apps" }).click();
    await heading(page, "Web and mobile apps").waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "add app, catalogue", async () => {
    await link(page, "Add app").click();
    await main(page).getByLabel("Search the catalogue").pressSequentially(NAME);
    await link(page, NAME).waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "add app, details", async () => {
    await row(page, NAME).getByRole("link", { name: "Select" }).click();
    await heading(page, `Add ${NAME}`).waitFor();
    assert.equal(await page.getByLabel("App name").inputValue(), NAME);
    await browser.accessible(page);
  });
  await browser.step(page, "app without single sign-on", async () => {
    await button(page, "Add app").click();
    await page.getByText(`${NAME} was added.`).waitFor();
    await main(page).getByText("Autoprovisioning isn't configured").waitFor();
    assert.ok(await button(page, "Configure autoprovisioning").isDisabled(), "autoprovisioning waits for single sign-on");
    await part(page, "User access").getByText("OFF for everyone").waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "service provider details", async () => {
    await part(page, "Service provider details").getByRole("link", { name: "Edit" }).click();
    await page.getByLabel("ACS URL").fill("https://acme.goskope.com/saml/acs");
    await page.getByLabel("Entity ID").fill("https://acme.goskope.com");
    await browser.accessible(page);
    await button(page, "SAVE").click();
    await page.getByText("The service provider details were saved.").waitFor();
    await link(page, "Configure autoprovisioning").waitFor();
  });
}

// User access: ON for everyone.
export async function onForEveryone(browser, page) {
  await browser.step(page, "service status", async () => {
    await part(page, "User access").getByRole("link", { name: "View details" }).click();
    await page.getByLabel("ON for everyone").check();
    await browser.accessible(page);
  });
  await browser.step(page, "ON for everyone", async () => {
    await button(page, "SAVE").click();
    await page.getByText("The service status was saved.").waitFor();
    await link(page, "Back to the app").click();
    await part(page, "User access").getByText("ON for everyone").waitFor();
  });
}

const next = (page, label = "CONTINUE") => button(page, label).click();

// The assistant, with what goes wrong at first: a placeholder left in, and a token that may only read.
export async function setUp(browser, page, endpoint, readOnly, token) {
  await browser.step(page, "wizard 1 app authorization", async () => {
    await link(page, "Configure autoprovisioning").click();
    await page.getByText(`Set up autoprovisioning for ${NAME}`).waitFor();
    await heading(page, "App authorization").waitFor();
    await page.getByLabel("Access token").fill(readOnly);
    await browser.accessible(page);
  });
  await browser.step(page, "wizard 2 endpoint URL", async () => {
    await next(page);
    await heading(page, "Endpoint URL").waitFor();
    assert.match(await page.getByLabel("Endpoint URL").inputValue(), /\{tenant-name\}/, "the endpoint is prefilled");
    await browser.accessible(page);
  });
  await browser.step(page, "wizard 2 placeholder refused", async () => {
    await browser.refused(async () => {
      await next(page);
      await main(page).getByText(/\{tenant-name\}.*tenant/).first().waitFor();
      await heading(page, "Endpoint URL").waitFor();
    });
    await browser.accessible(page);
  });
  await browser.step(page, "wizard 2 read-only token refused", async () => {
    await page.getByLabel("Endpoint URL").fill(endpoint);
    await browser.refused(async () => {
      await next(page);
      await main(page).getByText(/write/i).first().waitFor();
      await heading(page, "Endpoint URL").waitFor();
    });
    await browser.accessible(page);
  });
  await browser.step(page, "wizard 1 with another token", async () => {
    await button(page, "BACK").click();
    await heading(page, "App authorization").waitFor();
    await page.getByLabel("Access token").fill(token);
    await next(page);
    await heading(page, "Endpoint URL").waitFor();
    assert.equal(await page.getByLabel("Endpoint URL").inputValue(), endpoint, "the endpoint was kept");
  });
  await browser.step(page, "wizard 3 attribute mapping", async () => {
    await next(page);
    await heading(page, "Attribute mapping").waitFor();
    await main(page).getByText("userName* (required)").or(main(page).getByText(/userName\s*\*/)).first().waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "wizard 3 title added, preview", async () => {
    await page.getByLabel("Further attribute").selectOption({ label: "title" });
    await button(page, "Add attribute").click();
    await page.getByLabel("Directory attribute for title").selectOption({ label: "Employee Details > Title" });
    await page.getByLabel("Preview on user").fill("grace");
    await main(page).getByText("Compiler Engineer").waitFor();
    await browser.accessible(page);
  });
  await browser.narrow(page, "mapping");
  await browser.step(page, "wizard 4 provisioning scope", async () => {
    await next(page);
    await heading(page, "Provisioning scope (optional)").waitFor();
    await main(page).getByText(`All users with access to ${NAME}: 3 users now.`).waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "wizard 5 deprovisioning", async () => {
    await next(page);
    await heading(page, "Deprovisioning").waitFor();
    await chooseHardDelete(page, "When an app is turned off for a user", "after 21 days");
    await chooseHardDelete(page, "When a user is deleted", "after 21 days");
    await browser.accessible(page);
  });
  await browser.step(page, "wizard finished", async () => {
    await next(page, "FINISH");
    await page.getByText(`Autoprovisioning is set up for ${NAME}. It is inactive`).waitFor();
    await main(page).getByText("Syncing inactive").waitFor();
    await browser.accessible(page);
  });
}

async function chooseHardDelete(page, trigger, period) {
  const card = part(page, trigger);
  await card.getByLabel(`Hard delete the account in ${NAME}`).check();
  await card.getByRole("combobox").selectOption({ label: period });
}

// The card's switch, the dialog with the plan's counts, TURN ON.
export async function turnOn(browser, page, name, counts) {
  await browser.step(page, `turn on dialog ${name}`, async () => {
    await main(page).getByRole("link", { name: /^Inactive/ }).click();
    await heading(page, "Turn on").waitFor();
    for (const [label, count] of Object.entries(counts)) await tile(page, label, count);
    await browser.accessible(page);
  });
  await browser.step(page, `turned on ${name}`, async () => {
    await button(page, "TURN ON").click();
    await page.getByText(`Autoprovisioning for ${NAME} is on.`).waitFor();
    await main(page).getByText("Syncing active").waitFor();
  });
}

// A tile with its number, which may still be on its way.
async function tile(page, label, count) {
  const found = main(page).locator("div.tile").filter({ has: page.getByText(label, { exact: true }) });
  await found.getByText(String(count), { exact: true }).waitFor();
}

// The card counts what was done, live.
export async function usage(browser, page, name, counts) {
  await browser.step(page, `usage ${name}`, async () => {
    for (const [label, count] of Object.entries(counts)) await tile(page, label, count);
    await browser.accessible(page);
  });
  await browser.narrow(page, `app ${name}`);
}

// The Details column, as in the vendor's list.
export async function listed(browser, page, details) {
  await browser.step(page, `apps list ${details}`, async () => {
    await navigation(page).getByRole("link", { name: "Web and mobile apps" }).click();
    await row(page, NAME).getByText(details).waitFor();
    await browser.accessible(page);
    await link(page, NAME).click();
    await heading(page, NAME).waitFor();
  });
}

// Directory > Users > a user > Edit: a new last name.
export async function renameUser(browser, page, user, lastName) {
  await browser.step(page, "user edit", async () => {
    await navigation(page).getByRole("link", { name: "Users", exact: true }).click();
    await link(page, user).click();
    await main(page).getByText("Netskope").first().waitFor();
    await browser.accessible(page);
    await link(page, "Edit").click();
    await page.getByLabel("Last name").fill(lastName);
    await browser.accessible(page);
    await button(page, "Save").click();
    await page.getByText("was saved.").waitFor();
  });
}

// Provisioning scope > Edit > search, choose, scope > Update.
export async function editScope(browser, page, group) {
  await browser.step(page, "settings", async () => {
    await link(page, "Settings").click();
    for (const title of ["App authorization", "Endpoint URL", "Attribute mapping", "Provisioning scope", "Deprovisioning", "Status", "Delete configuration"]) {
      await heading(page, title).waitFor();
    }
    await browser.accessible(page);
  });
  await browser.narrow(page, "settings");
  await browser.step(page, "scope edit", async () => {
    await part(page, "Provisioning scope").getByRole("link", { name: "Edit" }).click();
    await page.getByLabel("Search groups").pressSequentially(group.slice(0, 3));
    const add = main(page).getByRole("button", { name: `Add ${group}` });
    await add.waitFor();
    await browser.accessible(page);
    await add.click();
    await main(page).getByRole("button", { name: `Remove ${group}` }).waitFor();
    await page.getByLabel(`Scope of ${group}`).selectOption({ label: "All members, also of nested groups" });
    await main(page).getByText("2 users now").waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "scope edit, its plan", async () => {
    await button(page, "Review changes").click();
    await heading(page, "Update provisioning scope?").waitFor();
    await tile(page, "Remove later", 1);
    await main(page).getByText("Full list").click();
    await main(page).getByText("katherine.johnson@example.com").waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "scope updated", async () => {
    await button(page, "Update").click();
    await page.getByText("Provisioning scope was updated.").waitFor();
    await part(page, "Provisioning scope").getByText(`${group} (all members)`).waitFor();
  });
}

// Deprovisioning > Edit > Update.
export async function editDeprovisioning(browser, page) {
  const trigger = "When a user is suspended";
  await browser.step(page, "deprovisioning edit", async () => {
    await part(page, "Deprovisioning").getByRole("link", { name: "Edit" }).click();
    await chooseHardDelete(page, trigger, "after 7 days");
    await browser.accessible(page);
  });
  await browser.step(page, "deprovisioning edit, its plan", async () => {
    await button(page, "Review changes").click();
    await heading(page, "Update deprovisioning?").waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "deprovisioning updated", async () => {
    await button(page, "Update").click();
    await page.getByText("Deprovisioning was updated.").waitFor();
    await part(page, "Deprovisioning").getByText(`${trigger}: hard delete after 7 days`).waitFor();
    await part(page, "Deprovisioning").getByText("When a user is deleted: hard delete after 21 days").waitFor();
  });
}

// Settings > Status > Turn off > Turn off.
export async function turnOffInSettings(browser, page) {
  await browser.step(page, "turn off, asked", async () => {
    await part(page, "Status").getByRole("link", { name: "Turn off" }).click();
    await heading(page, `Turn off autoprovisioning for ${NAME}?`).waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "turned off", async () => {
    await button(page, "Turn off").click();
    await page.getByText(`Autoprovisioning for ${NAME} is off.`).waitFor();
    await main(page).getByText("Syncing inactive").waitFor();
  });
}

// The pages beside the settings: log, failures, accounts, plan, held removals, explain.
export async function reports(browser, page) {
  await browser.step(page, "settings again", () => link(page, "Settings").click());
  for (const name of ["Sync log", "Failures", "Accounts", "Plan", "Held removals", "Explain"]) {
    await browser.step(page, `report ${name}`, async () => {
      await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name, exact: true }).click();
      await main(page).getByRole("heading", { level: 1 }).waitFor();
      await browser.accessible(page);
    });
  }
  await browser.step(page, "the last tab is in sight on a narrow screen", async () => {
    const before = page.viewportSize();
    await page.setViewportSize({ width: 360, height: 740 });
    await page.reload();
    const tab = page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "Explain", exact: true });
    const box = await tab.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 360, `the open tab stands at ${box.x}`);
    await page.setViewportSize(before);
  });
  await browser.step(page, "failures as CSV", async () => {
    await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: NAME }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), link(page, "Download list").click()]);
    assert.match(download.suggestedFilename(), /\.csv$/);
    await download.delete();
  });
}

// Settings > Delete configuration > Delete > Delete.
export async function deleteConfiguration(browser, page) {
  await browser.step(page, "delete configuration, asked", async () => {
    await link(page, "Settings").click();
    await part(page, "Delete configuration").getByRole("link", { name: "Delete" }).click();
    await heading(page, `Delete the autoprovisioning configuration of ${NAME}?`).waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "configuration deleted", async () => {
    await button(page, "Delete").click();
    await page.getByText(`The autoprovisioning configuration of ${NAME} was deleted.`).waitFor();
    await main(page).getByText("Autoprovisioning isn't configured").waitFor();
    await link(page, "Configure autoprovisioning").waitFor();
  });
}

// Sign in and look at the users with scripts disabled.
export async function withoutScript(browser, page, url) {
  await browser.step(page, "without script, sign in", () => page.goto(`${url}/directory/users`));
  await signIn(browser, page);
  await browser.step(page, "without script, users", async () => {
    await heading(page, "Users").waitFor();
    await link(page, "Alan Turing").waitFor();
    await main(page).getByLabel("Search users").fill("ada");
    await main(page).getByLabel("Search users").press("Enter");
    await link(page, "Alan Turing").waitFor({ state: "detached" });
    await link(page, "Ada Lovelace").waitFor();
  });
}
