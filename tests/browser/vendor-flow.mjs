// The vendor's flow, clicked through both consoles: a token in the tenant, the app and the assistant in the console, users
// that appear in the tenant, edits, off and on, and the end of the configuration. Everything is found by its visible text.
//
//   node vendor-flow.mjs PROVOST-BINARY CHROMIUM

import { Browser } from "./browser.mjs";
import * as provost from "./console.mjs";
import { Servers } from "./servers.mjs";
import * as tenant from "./tenant.mjs";

// Active, with access to the app: not who is suspended, not who is archived.
const PROVISIONED = ["ada.lovelace@example.com", "grace.hopper@example.com", "katherine.johnson@example.com"];
const LIMIT_MS = 300_000;
const [, , binary, chromium] = process.argv;
const servers = new Servers(binary);
let browser;
let ending = false;

async function flow() {
  await servers.start();
  console.log(`the tenant is at ${servers.tenant}, the console at ${servers.console}`);
  browser = await Browser.launch(chromium, [servers.tenant, servers.console]);
  // One browser, one host, two consoles side by side: their cookies must not evict each other.
  const tenantPage = await browser.page();
  const page = await browser.tab(tenantPage);
  await tenant.signIn(browser, tenantPage, servers.tenant);
  const readOnly = await tenant.newToken(browser, tenantPage, "read-only", "Read");
  const token = await tenant.newToken(browser, tenantPage, "provost", "Read + Write");
  await tenant.users(browser, tenantPage, "before", []);

  await provost.firstStart(browser, page, servers.firstStart);
  await provost.lookAround(browser, page);
  await provost.apiReference(browser, page);
  await provost.users(browser, page);
  await provost.addApp(browser, page);
  await provost.onForEveryone(browser, page);
  await provost.setUp(browser, page, `${servers.tenant}/api/v2/scim`, readOnly, token);
  await tenant.users(browser, tenantPage, "before turning on", []);
  await provost.turnOn(browser, page, "first", { Create: 3, Update: 0, "Remove now": 0 });
  await provost.usage(browser, page, "after the first sync", { "Users created": 3, "Users updated": 0, "Users deleted": 0, Failures: 0 });
  await tenant.users(browser, tenantPage, "created", PROVISIONED);
  await tenant.userPage(browser, tenantPage, "Grace Hopper", ["grace.hopper@example.com", "Compiler Engineer"]);
  await provost.renameUser(browser, page, "Grace Hopper", "Murray Hopper");
  await tenant.renamed(browser, tenantPage, "Grace Murray Hopper");
  await tenant.lookAround(browser, tenantPage, servers.tenant);

  await provost.listed(browser, page, "Autoprovisioning On");
  await provost.usage(browser, page, "after a change", { "Users created": 3, "Users updated": 1 });
  await provost.editScope(browser, page, "engineering@example.com");
  await provost.editDeprovisioning(browser, page);
  await provost.turnOffInSettings(browser, page);
  await provost.listed(browser, page, "Autoprovisioning Off");
  await provost.turnOn(browser, page, "again", { Create: 0, "Remove now": 0, "Remove later": 1 });
  await provost.reports(browser, page);
  await provost.deleteConfiguration(browser, page);
  // Nothing was sent: the accounts stay.
  await tenant.users(browser, tenantPage, "at the end", PROVISIONED);

  const plain = await browser.page({ javaScriptEnabled: false });
  await provost.withoutScript(browser, plain, servers.console);
}

async function end(code, problem) {
  if (ending) return;
  ending = true;
  if (problem) console.error(`FAILED: ${problem.message ?? problem}`);
  for (const complaint of browser?.complaints ?? []) console.error(`WRONG: ${complaint}`);
  if (problem) console.error(servers.logs());
  await browser?.close().catch(() => {});
  const clean = await servers.stop();
  if (!clean) console.error("WRONG: a server did not end when it was asked to");
  process.exit(code === 0 && !browser?.complaints.length && clean ? 0 : 1);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => end(1, `stopped by ${signal}`));
setTimeout(() => end(1, `not done after ${LIMIT_MS / 1000} s`), LIMIT_MS).unref();
flow().then(
  () => end(0),
  (problem) => end(1, problem),
);
