"""Starts the servers under test on free loopback ports, and ends them by their process ids."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
from importlib import resources
from pathlib import Path

STARTING_SECONDS = 30
STOPPING_SECONDS = 10
# Nobody but this machine sees it, and only while the suites run.
PEER_TOKEN = "conformance-of-the-runner"
# Who makes a data directory; nobody signs in.
ADMINISTRATOR = ["--email", "admin@example.com", "--password-stdin"]
PASSWORD = "a quite long passphrase 1"
PAGINATION = {"cursor": True, "index": True, "defaultPaginationMethod": "index", "defaultPageSize": 100, "maxPageSize": 200}


class Servers:
    """What was started; leaving the context ends all of it and removes its data."""

    def __init__(self, binary):
        self.binary = binary
        self.running = []

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="provost-scim-")
        return self

    def __exit__(self, *_):
        for process in self.running:
            end(process)
        self.directory.cleanup()

    def _command(self, arguments, typed=""):
        """Runs a verb to its end; what it printed."""
        ended = subprocess.run(
            [self.binary, *arguments], input=typed, check=True, capture_output=True, text=True, timeout=STARTING_SECONDS
        )
        return ended.stdout

    def tenant(self, name):
        """A tenant of the profile `standard`, empty: its SCIM endpoint and the file with a token for it."""
        data = Path(self.directory.name, name)
        token_file = Path(self.directory.name, f"{name}.token")
        grants = [f"--grant=/api/v2/scim/{endpoint}:rw" for endpoint in ("Users", "Groups")]
        self._command(["tenant", "admin", "create", "--data", data, *ADMINISTRATOR], PASSWORD)
        minted = self._command(["tenant", "token", "create", "--data", data, "--name", "suites", *grants])
        write_secret(token_file, minted)
        listening = [self.binary, "tenant", "--data", data, "--listen", "127.0.0.1:0", "--profile", "standard"]
        return self._start(listening, r"SCIM endpoint is (\S+)", name), token_file

    def provost(self):
        """`provost serve`, empty, that may send to this machine: its address and the file with a key of its API."""
        data = Path(self.directory.name, "provost")
        key_file = Path(self.directory.name, "provost.key")
        self._command(["admins", "create", "--data", data, *ADMINISTRATOR, "--role", "super-admin"], PASSWORD)
        made = self._command(["api-keys", "create", "--data", data, "--name", "suites", "--role", "super-admin"])
        write_secret(key_file, made)
        command = [self.binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--allow-private", "127.0.0.0/8"]
        return self._start(command, r"Provost listens on (\S+)", "provost"), key_file

    def scim2_server(self):
        """The peer, empty, with all that it can do: its SCIM endpoint and the file with a token for it."""
        token_file = Path(self.directory.name, "scim2-server.token")
        write_secret(token_file, PEER_TOKEN)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        # It announces everything but paging by cursor, which it can do too.
        features = resources.files("scim2_server") / "resources" / "default-service-provider-config.json"
        config = Path(self.directory.name, "scim2-server.json")
        config.write_text(json.dumps(json.loads(features.read_text()) | {"pagination": PAGINATION}))
        command = [Path(sys.executable).parent / "scim2-server", "--port", str(port), "--bearer-token", PEER_TOKEN]
        command += ["--service-provider-config", str(config)]
        return self._start(command, r"Serving SCIM on (\S+)", "scim2-server"), token_file

    def _start(self, command, announcement, name):
        """Starts a server and waits for the line in which it says where it listens."""
        log = open(Path(self.directory.name, f"{name}.log"), "w+")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        self.running.append(process)
        # A server that says nothing is ended, which ends its output and with it the loop.
        too_late = threading.Timer(STARTING_SECONDS, process.kill)
        too_late.start()
        found = next(filter(None, (re.search(announcement, line) for line in process.stdout)), None)
        too_late.cancel()
        if found is None:
            log.seek(0)
            raise SystemExit(f"{name} did not start within {STARTING_SECONDS} s. It said:\n{log.read()}")
        threading.Thread(target=drain, args=(process.stdout,), daemon=True).start()
        return found.group(1)


def drain(stream):
    """Reads on, so that the server never waits for a reader."""
    for _ in stream:
        pass


def end(process):
    process.terminate()
    try:
        process.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def write_secret(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text.strip())
