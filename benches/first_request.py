"""Runs a program and says how long after its start its first request reached the server.

    python3 benches/first_request.py SERVED_URL COMMAND...

SERVED_URL counts the answers so far (see server.sh). It is read every millisecond or so; that is the precision.
Ends with the program's exit code.
"""

import subprocess
import sys
import time
import urllib.request

url, *command = sys.argv[1:]


def served() -> int:
    return int(urllib.request.urlopen(url).read())


before, start = served(), time.monotonic()
program = subprocess.Popen(command, stdout=subprocess.DEVNULL)
while program.poll() is None and served() == before:
    time.sleep(0.001)
if served() == before:
    print(f"no request in {time.monotonic() - start:.2f} s")
else:
    print(f"first answer {1000 * (time.monotonic() - start):.0f} ms after start (polled)")
sys.exit(program.wait())
