// Starts `provost tenant` and `provost serve` over fresh directories on free ports, fills the directory, and ends what it started.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const STARTING_MS = 20_000;
const COMMAND_MS = 30_000;
const STOPPING_MS = 5_000;

export const TENANT_ADMIN = { email: "netskope-admin@example.com", password: "a quite long passphrase 1" };
export const ADMIN = { email: "admin@example.com", password: "another long passphrase 2" };

// As the Google Admin console downloads them. Three are active, one is suspended, one is archived; two are in the group.
const USERS = `First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Org Unit Path [Required],Status [READ ONLY],Employee Title,Department
Ada,Lovelace,ada.lovelace@example.com,****,/Engineering,Active,Principal Engineer,Engineering
Grace,Hopper,grace.hopper@example.com,****,/Engineering,Active,Compiler Engineer,Engineering
Katherine,Johnson,katherine.johnson@example.com,****,/Research,Active,Mathematician,Research
Alan,Turing,alan.turing@example.com,****,/Research,Suspended,Researcher,Research
Radia,Perlman,radia.perlman@example.com,****,/Engineering,Archived,Network Engineer,Engineering
`;
const MEMBERS = `Group Email [Required],Member Email,Member Type,Member Role
engineering@example.com,ada.lovelace@example.com,USER,OWNER
engineering@example.com,grace.hopper@example.com,USER,MEMBER
`;

export class Servers {
  #binary;
  #running = [];
  #directory;

  constructor(binary) {
    this.#binary = binary;
  }

  // Both servers, with their administrators and a directory of five people.
  async start() {
    this.#directory = await mkdtemp(join(tmpdir(), "provost-browser-"));
    const at = (name) => join(this.#directory, name);
    await this.command(["tenant", "admin", "create", "--data", at("tenant"), "--email", TENANT_ADMIN.email, "--password-stdin"], TENANT_ADMIN.password);
    const tenant = await this.#serve(["tenant", "--data", at("tenant"), "--listen", "127.0.0.1:0"], /The tenant listens on (\S+?),/);
    this.tenant = tenant.found[1];
    const serve = ["serve", "--data", at("provost"), "--listen", "127.0.0.1:0", "--allow-private", "127.0.0.0/8"];
    const provost = await this.#serve(serve, /Provost listens on (\S+)\n[^]*?(http\S+\/first-start\?token=\S+)/);
    [, this.console, this.firstStart] = provost.found;

    const key = await this.command(["api-keys", "create", "--data", at("provost"), "--name", "browser-test", "--role", "super-admin"]);
    await writeFile(at("key"), key, { mode: 0o600 });
    await writeFile(at("users.csv"), USERS);
    await writeFile(at("members.csv"), MEMBERS);
    this.target = ["--server", this.console, "--api-key-file", at("key")];
    await this.command(["import", at("users.csv"), "--members", at("members.csv"), ...this.target]);
  }

  // Runs a verb to its end; what it printed.
  async command(args, input = "") {
    const child = spawn(this.#binary, args, { stdio: ["pipe", "pipe", "pipe"], timeout: COMMAND_MS });
    let printed = "";
    let complained = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (complained += chunk));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
    if (code !== 0) throw new Error(`provost ${args.join(" ")} ended with ${code}:\n${complained}${printed}`);
    return printed;
  }

  // Starts a server and waits for what it prints.
  async #serve(args, wanted) {
    const child = spawn(this.#binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    const server = { name: args[0], child, printed: "", complained: "" };
    this.#running.push(server);
    child.stderr.on("data", (chunk) => (server.complained += chunk));
    server.found = await new Promise((resolve, reject) => {
      const failed = (why) => reject(new Error(`provost ${args[0]} ${why}:\n${server.complained}${server.printed}`));
      const timer = setTimeout(() => failed("did not print its URL in time"), STARTING_MS);
      child.on("error", reject);
      child.on("exit", (code) => failed(`ended with ${code}`));
      child.stdout.on("data", (chunk) => {
        server.printed += chunk;
        const found = server.printed.match(wanted);
        if (found) {
          clearTimeout(timer);
          resolve(found);
        }
      });
    });
    return server;
  }

  // The servers' logs, for a test that failed.
  logs() {
    return this.#running.map((server) => `--- provost ${server.name}\n${server.complained.slice(-4_000)}`).join("\n");
  }

  // Ends the processes that this started, and removes their directories. False when one had to be killed.
  async stop() {
    let clean = true;
    for (const { child } of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.on("exit", resolve));
      child.kill("SIGTERM");
      const timer = setTimeout(() => {
        clean = false;
        child.kill("SIGKILL");
      }, STOPPING_MS);
      await ended;
      clearTimeout(timer);
    }
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
    return clean;
  }
}
