"""Opens a pull request whose description is a file; all else comes from the environment.

Python's own library only, since it runs outside of depbisect's environment. Prints the address, and
sets it as the step's output.
"""

import json
import os
import sys
import urllib.error
import urllib.request

MOST_CHARACTERS = 60_000


def main() -> int:
    """Return 0 once the pull request is open, else 1 with the API's own words."""
    with open(sys.argv[1], encoding="utf-8") as stream:
        body = stream.read()[:MOST_CHARACTERS]
    env = os.environ
    value = {
        "title": "Requirements that build again",
        "head": env["BRANCH"],
        "base": env["BASE"],
        "body": body,
    }
    request = urllib.request.Request(
        f"{env['API']}/repos/{env['REPOSITORY']}/pulls",
        data=json.dumps(value).encode(),
        headers={
            "Authorization": f"Bearer {env['TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            address = json.load(reply)["html_url"]
    except urllib.error.HTTPError as error:
        print(f"::error::no pull request: {error.code}: {error.read(500).decode(errors='replace')}")
        print("It needs permissions: contents and pull-requests: write, and the repository's")
        print("setting that Actions may create pull requests (Settings, Actions, General).")
        return 1
    print(address)
    with open(env["GITHUB_OUTPUT"], "a", encoding="utf-8") as stream:
        stream.write(f"address={address}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
