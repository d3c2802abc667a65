// A browser that complains: about errors in its console, CSP reports, requests to foreign hosts, axe violations.

import axe from "axe-core";
import { chromium } from "playwright-core";
import { fileURLToPath } from "node:url";

const OUT = fileURLToPath(new URL("out/", import.meta.url));
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PATIENCE_MS = 10_000;
const HEIGHT_MAX = 4_000;
// What a form that comes back with an error answers; Chromium reports such a page in its console.
const REFUSAL = /status of (401|409|422)\b/;

export class Browser {
  // What was wrong, in words.
  complaints = [];
  #own;
  #browser;
  #step = "start";
  #number = 0;
  #refusals = 0;

  // Launches with a new, empty profile; `own` are the origins that may be asked.
  static async launch(executablePath, own) {
    const browser = new Browser();
    browser.#own = own;
    browser.#browser = await chromium.launch({ executablePath, args: ARGUMENTS });
    return browser;
  }

  // A context of its own (cookies), and a page in it.
  async page(options = {}) {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    context.on("request", (request) => this.#check(request));
    if (options.javaScriptEnabled !== false) {
      await context.exposeFunction("reportToTest", (text) => this.#complain(text));
      await context.addInitScript(() => {
        addEventListener("securitypolicyviolation", (event) => {
          window.reportToTest(`CSP: ${event.violatedDirective} blocked ${event.blockedURI || "inline"} on ${location.pathname}`);
        });
      });
    }
    return this.#watched(await context.newPage());
  }

  // Another page beside one, with the same cookies.
  async tab(page) {
    return this.#watched(await page.context().newPage());
  }

  #watched(page) {
    page.on("pageerror", (error) => this.#complain(`script error on ${page.url()}: ${error.message}`));
    page.on("console", (message) => this.#heard(page, message));
    page.on("response", (response) => {
      if (response.status() >= 500) this.#complain(`${response.status()} from ${response.url()}`);
    });
    return page;
  }

  // Does a step, says so, and keeps a screenshot of where it led.
  async step(page, name, does) {
    this.#step = name;
    this.#number += 1;
    try {
      await does();
    } catch (error) {
      await this.shot(page, `${name} FAILED`);
      throw new Error(`step "${name}" at ${page.url()}: ${error.message}`, { cause: error });
    }
    await this.shot(page, name);
    console.log(`ok   ${String(this.#number).padStart(2, "0")} ${name}`);
  }

  // Does something after which the form comes back with an error: one complaint of Chromium about its status is expected.
  async refused(does) {
    this.#refusals += 1;
    await does();
    if (this.#refusals > 0) {
      // The message may come after the page.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    if (this.#refusals > 0) this.#complain("a refused form did not come back with status 401, 409 or 422");
    this.#refusals = 0;
  }

  async shot(page, name) {
    const file = `${String(this.#number).padStart(2, "0")} ${name}`.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase();
    // The window is made as high as the page: in a picture of a scrolled page, what sticks to the window hides what is below.
    const window = page.viewportSize();
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    if (height > window.height) await page.setViewportSize({ width: window.width, height: Math.min(height, HEIGHT_MAX) });
    await page.screenshot({ path: `${OUT}${file}.png`, animations: "disabled" });
    if (height > window.height) await page.setViewportSize(window);
  }

  // Runs axe over the page, and its contrast rule again in the dark look; serious and critical violations are complaints.
  async accessible(page) {
    await page.evaluate(axe.source);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const options = { resultTypes: ["violations"], preload: false };
      if (colorScheme === "dark") options.runOnly = ["color-contrast"];
      const { violations } = await page.evaluate((options) => window.axe.run(document, options), options);
      for (const { id, impact, help, nodes } of violations) {
        const where = nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.any[0]?.message ?? ""}`).join("; ");
        const text = `axe (${colorScheme}): ${impact} ${id} on ${new URL(page.url()).pathname}: ${help}: ${where}`;
        if (impact === "serious" || impact === "critical") this.#complain(text);
        else console.log(`     ${text}`);
      }
    }
    await page.emulateMedia({ colorScheme: "light" });
  }

  // Looks at the page at the width of a telephone: it must not scroll sideways.
  async narrow(page, name) {
    const before = page.viewportSize();
    await page.setViewportSize({ width: 360, height: 740 });
    const wide = await page.evaluate(() => {
      const root = document.documentElement;
      const who = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > innerWidth + 1);
      return root.scrollWidth > root.clientWidth ? `${root.scrollWidth} px wide, e.g. ${who.slice(0, 3).map((element) => element.outerHTML.slice(0, 90)).join(" | ")}` : "";
    });
    if (wide) this.#complain(`scrolls sideways at 360 px: ${new URL(page.url()).pathname}: ${wide}`);
    await this.shot(page, `${name} 360 px`);
    await page.setViewportSize(before);
  }

  async close() {
    await this.#browser.close();
  }

  #check(request) {
    const url = new URL(request.url());
    if (["data:", "blob:", "about:"].includes(url.protocol)) return;
    if (!this.#own.includes(url.origin)) this.#complain(`request to a foreign host: ${url.origin}`);
  }

  #heard(page, message) {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (this.#refusals > 0 && REFUSAL.test(message.text())) {
      this.#refusals -= 1;
      return;
    }
    this.#complain(`${message.type()} in the console of ${page.url()}: ${message.text()}`);
  }

  #complain(text) {
    const complaint = `${text} [${this.#step}]`;
    if (!this.complaints.includes(complaint)) this.complaints.push(complaint);
  }
}
