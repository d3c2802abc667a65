"""The suites: what judges the tenant, our conformance runner, and the whole program. Called by run.sh."""

import collections
import json
import os
import subprocess
import sys
from pathlib import Path

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from servers import Servers
from sync import sync

HERE = Path(__file__).parent
SUITE_SECONDS = 600
# The only results that the tester calls in order. Everything else fails, a check that it skips as well.
GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}


def scim2_tester(servers):
    """scim2-tester against our tenant, through its API."""
    url, token_file = servers.tenant("scim2-tester")
    headers = {"Authorization": f"Bearer {token_file.read_text()}"}
    with Client(base_url=url, headers=headers) as client:
        results = check_server(SyncSCIMClient(client))
    for result in results:
        print(tester_line(result))
    counts = collections.Counter(result.status.name for result in results)
    print(", ".join(f"{count} {name}" for name, count in counts.most_common()))
    wrong = [tester_line(result) for result in results if result.status not in GOOD]
    return wrong if results else ["scim2-tester has checked nothing"]


def tester_line(result):
    reason = " ".join((result.reason or "").split())
    return f"{result.status.name:<10}  {result.resource_type or '-':<6}  {result.title:<40}  {reason[:300]}"


def scim2_cli(servers):
    """The same checks as an administrator runs them: `scim2 test`."""
    url, token_file = servers.tenant("scim2-cli")
    environment = os.environ | {"SCIM_CLI_HEADERS": f"Authorization: Bearer {token_file.read_text()}"}
    command = [Path(sys.executable).parent / "scim2", "--url", url, "test"]
    ran = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SUITE_SECONDS
    )
    print(f"{ran.stdout}{ran.stderr}")
    # A check that is skipped does not change its exit code.
    lines = [line for line in ran.stdout.splitlines() if line.split(" ")[0] in Status.__members__]
    wrong = [line for line in lines if Status[line.split(" ")[0]] not in GOOD]
    if ran.returncode != 0:
        wrong.append(f"scim2 test ended with exit code {ran.returncode}")
    return wrong if lines else [*wrong, "scim2 test has checked nothing"]


def conformance(servers):
    """Our conformance runner against our tenant, which announces everything: nothing may fail or be skipped."""
    report = run_conformance(servers.binary, *servers.tenant("conformance"))
    print_report(report)
    wrong = [conformance_line(result) for result in report["results"] if result["result"] != "passed"]
    if not report["results"]:
        wrong.append("the runner has tried nothing")
    if report["left_behind"]:
        wrong.append(f"the runner left behind: {report['left_behind']}")
    return wrong


def peer(servers):
    """Our conformance runner against scim2-server: finds it what is known of that server, no more and no less?"""
    report = run_conformance(servers.binary, *servers.scim2_server())
    print_report(report)
    known = json.loads((HERE / "scim2-server.json").read_text())
    results = {result["id"]: result for result in report["results"]}
    wrong = [
        conformance_line(result)
        for name, result in results.items()
        if result["result"] == "failed" and name not in known["failed"]
    ]
    for state in ("failed", "skipped"):
        for name in known[state]:
            found = results[name]["result"] if name in results else "not a requirement"
            if found != state:
                wrong.append(f"{name}: {found}, and scim2-server.json says {state}")
    wrong += [
        f"{name}: skipped, and scim2-server.json does not say so"
        for name, result in results.items()
        if result["result"] == "skipped" and name not in known["skipped"]
    ]
    if report["left_behind"]:
        wrong.append(f"the runner left behind: {report['left_behind']}")
    return wrong


def run_conformance(binary, url, token_file):
    command = [binary, "tenant", "conformance", url, "--token-file", token_file, "--json", "--allow-private", "127.0.0.0/8"]
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SUITE_SECONDS)
    if ran.returncode not in (0, 1) or not ran.stdout:
        raise SystemExit(f"provost tenant conformance ended with exit code {ran.returncode}: {ran.stderr}")
    report = json.loads(ran.stdout)
    if (ran.returncode == 1) != (report["failed"] > 0):
        raise SystemExit(f"the exit code is {ran.returncode}, and {report['failed']} requirements failed")
    return report


def print_report(report):
    for result in report["results"]:
        print(conformance_line(result))
    print(f"{report['passed']} passed, {report['failed']} failed, {report['skipped']} skipped")


def conformance_line(result):
    return f"{result['result']:<7}  {result['id']:<36}  {result['section']:<24}  {result['evidence']}"


SUITES = {
    "scim2-tester": scim2_tester, "scim2-cli": scim2_cli, "conformance": conformance, "scim2-server": peer, "sync": sync,
}


def main():
    binary, *names = sys.argv[1:]
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        sys.exit(f"not a suite: {', '.join(unknown)}. There are: {', '.join(SUITES)}")
    wrong = {}
    for name in names or SUITES:
        print(f"\n-- {name}: {SUITES[name].__doc__}", flush=True)
        with Servers(binary) as servers:
            wrong[name] = SUITES[name](servers)
    print()
    for name, lines in wrong.items():
        print(f"{name}: {'passed' if not lines else f'{len(lines)} wrong'}")
        for line in lines:
            print(f"    {line}")
    sys.exit(1 if any(wrong.values()) else 0)


if __name__ == "__main__":
    main()
