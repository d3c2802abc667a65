// The tenant's half: what the administrator of the Netskope-like tenant does and sees.

import assert from "node:assert/strict";
import { TENANT_ADMIN } from "./servers.mjs";

export const SCIM_USERS = "/api/v2/scim/Users";
export const SCIM_GROUPS = "/api/v2/scim/Groups";

// Signs in, with a wrong password first.
export async function signIn(browser, page, url) {
  await browser.step(page, "tenant sign-in page", async () => {
    await page.goto(url);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, "tenant wrong password", async () => {
    await page.getByLabel("E-mail").fill(TENANT_ADMIN.email);
    await page.getByLabel("Password").fill("not the password");
    await browser.refused(async () => {
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("The e-mail address or the password is wrong.").waitFor();
    });
  });
  await browser.step(page, "tenant signed in", async () => {
    await page.getByLabel("Password").fill(TENANT_ADMIN.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Home", level: 1 }).waitFor();
    await browser.accessible(page);
  });
}

// Settings > Tools > REST API v2 > New Token, as the vendor's guide says; the secret.
export async function newToken(browser, page, name, privilege, endpoints = [SCIM_USERS]) {
  await browser.step(page, `tenant REST API v2 before ${name}`, async () => {
    await page.getByRole("navigation", { name: "Main" }).getByText("Settings > Tools").waitFor();
    await page.getByRole("link", { name: "REST API v2", exact: true }).first().click();
    await page.getByRole("heading", { name: "REST API v2", level: 1 }).waitFor();
    await browser.accessible(page);
  });
  await browser.step(page, `tenant New Token ${name}`, async () => {
    await page.getByRole("link", { name: "New Token" }).click();
    await page.getByLabel("Token Name").fill(name);
    await page.getByLabel("Expire in").fill("90");
    await page.getByLabel("Unit").selectOption({ label: "days" });
    await browser.accessible(page);
  });
  await browser.step(page, `tenant Add Endpoint for ${name}`, async () => {
    for (const endpoint of endpoints) {
      await page.getByRole("button", { name: "Add Endpoint" }).click();
      await page.getByLabel("Search endpoints, for instance SCIM").fill("SCIM");
      await page.getByRole("button", { name: "Search", exact: true }).click();
      await page.getByRole("button", { name: `Add ${endpoint}`, exact: true }).click();
      await page.getByLabel(`Privilege for ${endpoint}`).selectOption({ label: privilege });
    }
    assert.equal(await page.getByLabel("Token Name").inputValue(), name, "the form keeps the name while endpoints are added");
    assert.equal(await page.getByLabel("Expire in").inputValue(), "90", "and the expiry");
    await browser.accessible(page);
  });
  let secret;
  await browser.step(page, `tenant Copy Token ${name}`, async () => {
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("heading", { name: `Token ${name} was created` }).waitFor();
    await page.getByRole("button", { name: "Copy Token" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    secret = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(secret, await page.getByLabel("Token", { exact: true }).inputValue(), "what was copied is what is shown");
    assert.ok(secret.length > 20, "a token was copied");
    await browser.accessible(page);
  });
  await browser.step(page, `tenant token ${name} in the list`, async () => {
    await page.getByRole("link", { name: "OK", exact: true }).click();
    const row = page.getByRole("row").filter({ hasText: name }).filter({ hasText: SCIM_USERS });
    await row.first().waitFor();
    assert.equal(await row.getByText(privilege, { exact: true }).count(), endpoints.length, "each endpoint has its privilege");
    await row.getByText("Never").waitFor();
    assert.ok(!(await page.content()).includes(secret), "the secret is shown once only");
  });
  return secret;
}

// Security Cloud > Users: exactly these people, once they are all there (or gone).
export async function users(browser, page, name, expected) {
  await browser.step(page, `tenant users ${name}`, async () => {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Users", exact: true }).click();
    await page.getByRole("heading", { name: "Users", level: 1 }).waitFor();
    const deadline = Date.now() + 15_000;
    for (;;) {
      const listed = await listedUsers(page);
      if (JSON.stringify(listed) === JSON.stringify(expected)) break;
      assert.ok(Date.now() < deadline, `the tenant lists ${JSON.stringify(listed)}, expected ${JSON.stringify(expected)}`);
      await page.waitForTimeout(250);
      await page.reload();
    }
    await browser.accessible(page);
  });
}

async function listedUsers(page) {
  const rows = await page.getByRole("row").allInnerTexts();
  return rows.flatMap((row) => row.match(/[\w.]+@[\w.]+/)?.[0] ?? []).sort();
}

// What was changed in the directory is here at once: the rule says a second; the machine may be slow.
export async function renamed(browser, page, name) {
  await browser.step(page, `tenant ${name}`, async () => {
    const deadline = Date.now() + 5_000;
    while ((await page.getByRole("heading", { name, level: 1 }).count()) === 0) {
      assert.ok(Date.now() < deadline, `the tenant does not know ${name}`);
      await page.waitForTimeout(200);
      await page.reload();
    }
  });
}

// A user's page in the tenant shows what was mapped.
export async function userPage(browser, page, user, shown) {
  await browser.step(page, `tenant user ${user}`, async () => {
    await page.getByRole("link", { name: user, exact: true }).click();
    await page.getByRole("heading", { name: user, level: 1 }).waitFor();
    for (const text of shown) await page.getByText(text, { exact: true }).first().waitFor();
    await page.getByText("Active", { exact: true }).first().waitFor();
    await browser.accessible(page);
  });
}

// Every page of Security Cloud over what is there by now, and what the tokens were used for: with axe, and as a telephone shows it.
export async function lookAround(browser, page, url) {
  const token = await newToken(browser, page, "groups", "Read + Write", [SCIM_USERS, SCIM_GROUPS]);
  const call = async (method, path, body) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/scim+json" };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  };
  const ada = (await call("GET", `${SCIM_USERS}?filter=${encodeURIComponent('userName eq "ada.lovelace@example.com"')}`)).body.Resources[0];
  const group = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"], displayName: "Engineers", members: [{ value: ada.id }] };
  assert.equal((await call("POST", SCIM_GROUPS, group)).status, 201);
  assert.equal((await call("GET", `${SCIM_USERS}/nobody`)).status, 404);

  const navigation = page.getByRole("navigation", { name: "Main" });
  const seen = async (name, look) => {
    await browser.step(page, `tenant ${name}`, async () => {
      await look();
      await browser.accessible(page);
    });
    await browser.narrow(page, `tenant ${name}`);
  };
  await seen("groups", async () => {
    await navigation.getByRole("link", { name: "Groups", exact: true }).click();
    await page.getByRole("row").filter({ hasText: "Engineers" }).waitFor();
  });
  await seen("group", async () => {
    await page.getByRole("link", { name: "Engineers", exact: true }).click();
    await page.getByRole("heading", { name: "Engineers", level: 1 }).waitFor();
    await page.getByRole("link", { name: "ada.lovelace@example.com", exact: true }).waitFor();
  });
  await seen("user of the group", async () => {
    await page.getByRole("link", { name: "ada.lovelace@example.com", exact: true }).click();
    await page.getByRole("heading", { name: "Ada Lovelace", level: 1 }).waitFor();
    await page.getByRole("link", { name: "Engineers", exact: true }).waitFor();
    await page.getByText('"userName": "ada.lovelace@example.com"').waitFor();
    await page.getByRole("button", { name: "Copy JSON" }).click();
    const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
    assert.deepEqual([copied.id, copied.meta.location], [ada.id, `${url}${SCIM_USERS}/${ada.id}`], "the raw resource, as a client gets it");
  });
  await seen("users found while typing", async () => {
    await navigation.getByRole("link", { name: "Users", exact: true }).click();
    await page.getByRole("link", { name: "Katherine Johnson", exact: true }).waitFor();
    await page.getByLabel("Search").pressSequentially("grace");
    await page.getByRole("link", { name: "Katherine Johnson", exact: true }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Grace Murray Hopper", exact: true }).waitFor();
  });
  await seen("requests", async () => {
    await navigation.getByRole("link", { name: "Provisioning requests", exact: true }).click();
    const made = page.getByRole("row").filter({ hasText: "POST" }).filter({ hasText: SCIM_USERS }).filter({ hasText: "provost" });
    await made.filter({ hasText: "201" }).first().waitFor();
    assert.equal(await made.filter({ hasText: "201" }).count(), 3, "three accounts were made");
  });
  await seen("requests refused", async () => {
    await page.getByLabel("Token", { exact: true }).selectOption({ label: "groups" });
    await page.getByLabel("Result").selectOption({ label: "4xx Refused" });
    await page.getByText("1 request", { exact: true }).waitFor();
    await page.getByRole("row").filter({ hasText: `${SCIM_USERS}/nobody` }).filter({ hasText: "404" }).waitFor();
  });
  await seen("token usage", async () => {
    await navigation.getByRole("link", { name: "REST API v2", exact: true }).click();
    const usage = page.getByRole("table", { name: "Token usage" }).getByRole("row").filter({ hasText: "groups" });
    assert.deepEqual((await usage.getByRole("cell").allInnerTexts()).slice(2), ["3", "2", "0", "1", "0"], "requests and their results");
  });
  await seen("settings", async () => {
    await navigation.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  });
}
