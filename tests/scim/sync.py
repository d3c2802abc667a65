"""The whole program against a server that others wrote: 2,000 people imported, changed, removed and brought back."""

import csv
import io
import json
import subprocess
import time
from pathlib import Path

from httpx2 import Client

PEOPLE = 2_000
CONTRACTORS = 200
RENAMED = 50
RETITLED = 600
ABSENT = 300
STRANGER = "stranger@peer.example"
COMMAND_SECONDS = 600
HELD_SECONDS = 60
# The removals are due after a second; that none is sent is watched for this long.
WATCHED_SECONDS = 8
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

HEADER = [
    "First Name [Required]", "Last Name [Required]", "Email Address [Required]", "Org Unit Path [Required]",
    "New Primary Email [UPLOAD ONLY]", "New Status [UPLOAD ONLY]", "Employee ID", "Employee Title", "Department",
]

# "Within 24 hours" is a second here: what falls due falls due at once, and the guard has to hold it.
CONFIGURATION = """\
apps:
  - name: Peer
    catalogue: generic
    sso: {{ acs_url: "https://peer.example/acs", entity_id: "https://peer.example" }}
    access: {{ default: on, org_units: {{ "/Contractors": {contractors} }} }}
    autoprovisioning:
      endpoint: "{endpoint}"
      token_file: {token_file}
      mapping:
        title: user.organizations.title
        "{enterprise}:department": user.organizations.department
        "{enterprise}:employeeNumber": user.external_ids.organization
      deprovisioning:
        app_off:   {{ delete_after: within_24_hours }}
        suspended: {{ suspend_after: within_24_hours }}
      within_24_hours_delete: 1s
      removal_quiet: 1s
      status: active
"""


class Wrong(Exception):
    """What is not as it must be."""


class Person:
    def __init__(self, number):
        self.given, self.family = f"Ädä {number}", f"O'Número {number % 37}"
        self.email, self.new_email, self.new_status = f"person.{number}@example.com", "", ""
        self.org_unit = "/Contractors" if number < CONTRACTORS else "/Staff"
        self.number, self.title, self.department = f"E{number}", f"Engineer, grade {number % 9}", f"Department {number % 12}"
        self.active = True

    def row(self):
        return [
            self.given, self.family, self.email, self.org_unit, self.new_email, self.new_status, self.number, self.title,
            self.department,
        ]

    def account(self, ids):
        """What the peer must show, made from the row and the configuration by no code of the product."""
        return {
            "userName": self.email, "externalId": ids[self.email], "displayName": f"{self.given} {self.family}",
            "name": {"givenName": self.given, "familyName": self.family},
            "emails": [{"value": self.email, "primary": True, "type": "work"}],
            "title": self.title, "active": self.active,
            ENTERPRISE: {"department": self.department, "employeeNumber": self.number},
        }


class Installation:
    """`provost serve`, what an administrator does to it by the command line, and the peer as its own API shows it."""

    def __init__(self, servers):
        self.servers = servers
        self.endpoint, self.token_file = servers.scim2_server()
        self.url, self.key_file = servers.provost()
        self.directory = Path(servers.directory.name)

    def run(self, *arguments, codes=(0,)):
        command = [self.servers.binary, *arguments, "--server", self.url, "--api-key-file", self.key_file]
        ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        if ran.returncode not in codes:
            raise Wrong(f"provost {' '.join(map(str, arguments))} ended with {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
        return ran.stdout

    def import_people(self, people, *options):
        text = io.StringIO()
        csv.writer(text).writerows([HEADER, *(person.row() for person in people)])
        path = self.directory / "people.csv"
        path.write_text(text.getvalue())
        return json.loads(self.run("import", path, "--json", *options))["report"]["users"]

    def configure(self, contractors):
        path = self.directory / "peer.yaml"
        path.write_text(
            CONFIGURATION.format(
                contractors=contractors, endpoint=self.endpoint, token_file=self.token_file, enterprise=ENTERPRISE
            )
        )
        self.run("config", "apply", path, "--yes")

    def ids(self):
        return {user["primary_email"]: user["id"] for user in json.loads(self.run("users", "list", "--json"))["items"]}

    def make_stranger(self):
        """An account at the peer that is nobody's; as the peer shows it."""
        stranger = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": STRANGER, "active": True}
        with Client(headers={"Authorization": f"Bearer {self.token_file.read_text()}"}) as client:
            answer = client.post(f"{self.endpoint}/Users", json=stranger)
        if answer.status_code != 201:
            raise Wrong(f"the peer answers {answer.status_code} to a create: {answer.text}")
        self.stranger = self.everybody()[STRANGER]

    def assert_no_drift(self):
        """A drift check finds everybody as they were left, and the stranger, who belongs to nobody."""
        drift = json.loads(self.run("drift", "Peer", "--json"))
        if drift["check"]["state"] != "done" or drift["items"]:
            raise Wrong(f"the drift check found {drift}")
        strangers = [account["name"] for account in json.loads(self.run("not-managed", "Peer", "--json"))["items"]]
        if strangers != [STRANGER]:
            raise Wrong(f"not managed are {strangers}")
        print("Drift check: no difference, and one account that is not managed", flush=True)

    def held(self):
        return json.loads(self.run("approve", "Peer", "--json"))["items"]

    def shown(self):
        """Everybody whom the peer shows, but for the stranger, who must be as ever."""
        found = self.everybody()
        if found.pop(STRANGER, None) != self.stranger:
            raise Wrong("an account that is not ours was touched")
        return found

    def everybody(self):
        """Everybody whom the peer shows, by user name."""
        found = {}
        with Client(headers={"Authorization": f"Bearer {self.token_file.read_text()}"}) as client:
            while True:
                answer = client.get(f"{self.endpoint}/Users?startIndex={len(found) + 1}&count=200")
                page = answer.json()
                for user in page.get("Resources", []):
                    if user["userName"] in found:
                        raise Wrong(f"{user['userName']} has two accounts")
                    found[user["userName"]] = user
                if len(found) >= page["totalResults"]:
                    return found

    def assert_exact(self, what, people):
        """Synced, the peer has exactly these people, and no request has ever failed."""
        self.run("sync", "Peer", "--wait")
        ids = self.ids()
        expected = {person.email: person.account(ids) for person in people}
        found = {
            name: {key: value for key, value in user.items() if key not in ("id", "meta", "schemas")}
            for name, user in self.shown().items()
        }
        for name in expected.keys() | found.keys():
            if expected.get(name) != found.get(name):
                raise Wrong(f"{what}: {name} is {found.get(name)}, and should be {expected.get(name)}")
        failing = self.run("failures", "Peer")
        status = json.loads(self.run("status", "Peer", "--json"))
        failed = status["usage_30_days"]["failures"]["total"]
        if failed or "Nobody is failing" not in failing:
            raise Wrong(f"{what}: {failed} requests failed; {failing}")
        print(f"{what}: the peer has exactly these {len(expected)} accounts, no failure", flush=True)

    def assert_held_until_approved(self, what, people, kind, trigger):
        """Nobody of them is touched before the guard's hold is approved."""
        before = self.shown()
        begun = time.monotonic()
        while len(self.held()) < len(people) and time.monotonic() < begun + HELD_SECONDS:
            time.sleep(0.5)
        time.sleep(WATCHED_SECONDS)
        held = {(entry["email"], entry["kind"], entry["trigger"]) for entry in self.held()}
        if held != {(person.email, kind, trigger) for person in people}:
            raise Wrong(f"{what}: {len(held)} are held, and should be these {len(people)}: {sorted(held)[:5]}")
        if self.shown() != before:
            raise Wrong(f"{what}: the peer has changed before anything was approved")
        print(f"{what}: {len(held)} held, and nothing was sent", flush=True)
        self.run("approve", "Peer", "--all")


def sync(servers):
    """Our whole program against scim2-server: 2,000 people synced, changed, removed behind the guard, and brought back."""
    try:
        steps(Installation(servers))
    except Wrong as wrong:
        return [str(wrong)]
    return []


def steps(installation):
    installation.make_stranger()
    people = [Person(number) for number in range(PEOPLE)]
    installation.import_people(people)
    installation.configure(contractors="on")
    installation.assert_exact("Synced", people)

    for person in people[-RENAMED:]:
        person.new_email = person.email.replace("person.", "renamed.")
    for person in people[CONTRACTORS : CONTRACTORS + RETITLED]:
        person.title = f"Chief {person.title}" if person.number != "E333" else "Châtelaine of \"Quotes\", and commas"
    for person in people[::7]:
        person.department = "Reorganized"
    counts = installation.import_people(people)
    if counts["renamed"] != RENAMED or counts["added"] != 0:
        raise Wrong(f"the second import did {counts}")
    for person in people[-RENAMED:]:
        person.email, person.new_email = person.new_email, ""
    installation.assert_exact("Updated", people)

    leavers, people = people[:CONTRACTORS], people[CONTRACTORS:]
    installation.configure(contractors="off")
    installation.assert_held_until_approved("Turned off for an org unit", leavers, "hard_delete", "app_off")
    installation.assert_exact("Hard deleted", people)

    absent, present = people[:ABSENT], people[ABSENT:]
    counts = installation.import_people([*leavers, *present], "--absent", "suspend")
    if counts["absent_suspended"] != ABSENT:
        raise Wrong(f"the import of those who are left did {counts}")
    installation.assert_held_until_approved("Absent from the file", absent, "suspend", "suspended")
    for person in absent:
        person.active = False
    installation.assert_exact("Suspended", people)

    for person in absent:
        person.active, person.new_status = True, "Active"
    installation.import_people([*leavers, *people])
    installation.configure(contractors="on")
    installation.assert_exact("Restored, and those who were deleted made anew", [*leavers, *people])
    installation.assert_no_drift()
