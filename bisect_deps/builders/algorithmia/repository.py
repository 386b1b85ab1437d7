"""An algorithm's git repository: candidates as commits on its default branch, and the way back.

Works by git plumbing in a bare scratch clone: no work tree, no force push, no change of the user's
configuration. The login reaches git through the environment of the git process alone. Each commit
says in its trailers which order it is and what the branch held before, so that a later run, on any
machine, finds its builds again and can put the original back.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bisect_deps.builders._http import refuse_open_channel
from bisect_deps.builders.algorithmia.patience import GitError, Patience
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret
from bisect_deps.system.processes import clean_environment, run_apart
from bisect_deps.text import said

ORDER = "Depbisect-Order"
ORIGINAL = "Depbisect-Original"
RESTORED = "Depbisect-Restored"
AUTHOR = "depbisect"
EMAIL = "depbisect@localhost"
_REJECTED = re.compile(r"non-fast-forward|fetch first|\[rejected\]|cannot lock ref", re.IGNORECASE)
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
# What would point git at another repository, add settings, or print the login.
_GIT_STATE = re.compile(
    r"GIT_(?:TRACE|CURL_VERBOSE|SSL_NO_VERIFY|DIR$|WORK_TREE|INDEX|OBJECT|NAMESPACE|COMMON"
    r"|CONFIG_(?:COUNT|KEY|VALUE|PARAMETERS))"
)
# Prints the login for the one host that the environment names; asked by git itself.
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$DEPBISECT_GIT_USER" "$DEPBISECT_GIT_PASSWORD"; }; f'
)


@dataclass(frozen=True, slots=True)
class Login:
    """Who git's host is asked as."""

    user: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of ours on the branch: its order's digest ("" for a restoring one), its original."""

    sha: str
    order: str
    original: str


@dataclass(frozen=True, slots=True)
class Restoration:
    """What putting the original back came to.

    `kept` are files that somebody else changed since; `orders` maps the orders since the original
    to their newest commits.
    """

    commit: str | None
    kept: tuple[str, ...] = ()
    orders: Mapping[str, str] = field(default_factory=dict)


class Repository:
    """A scratch clone of one repository's default branch. Every method may raise GitError.

    What is asked of the host is asked again while that is out, with `patience`.
    """

    def __init__(
        self, url: str, folder: Path, login: Login | None, patience: Patience | None = None
    ) -> None:
        refuse_open_channel(url)
        self._patience = patience or Patience()
        self.url = url
        self._folder = folder
        self._login = login
        self.branch = ""
        self.head = ""
        self.original = ""
        self._ours: list[Commit] = []
        self._changes: dict[str, set[str]] = {}

    def probe(self) -> str:
        """Return the default branch, asked from the host; shows that reading is allowed."""
        listed = self._remote("ls-remote", "--symref", self.url, "HEAD", "refs/heads/master")
        symref = re.search(r"^ref: refs/heads/(\S+)\tHEAD$", listed, re.MULTILINE)
        if symref:
            return symref[1]
        if "refs/heads/master" in listed:
            return "master"
        raise GitError("the repository has no default branch: it is empty")

    def probe_push(self) -> None:
        """Show that a push is allowed, without pushing."""
        self.open()
        self._remote("push", "--dry-run", "--quiet", self.url, f"{self.head}:{self._ref}")

    def open(self) -> None:
        """Fetch the branch; know its head, its original, and the commits of ours since."""
        if not self.branch:
            self.branch = self.probe()
        self._remote(
            "fetch", "--quiet", "--no-tags", "--force", self.url, f"{self._ref}:{self._ref}"
        )
        self.head = self._git("rev-parse", self._ref).strip()
        self._ours = self._since_original()
        if not self.original:
            self.original = self._ours[0].original if self._ours else self.head

    @property
    def unrestored(self) -> bool:
        """Say whether the branch holds candidates of ours, from this run or an earlier one."""
        return bool(self._ours)

    def find(self, order: str) -> str | None:
        """Return the newest commit of that order since the original, or None."""
        return next((commit.sha for commit in reversed(self._ours) if commit.order == order), None)

    def push(self, files: Mapping[str, bytes], order: str, label: str) -> str:
        """Commit `files` on top of the branch and push; returns the commit.

        Files of earlier candidates are first as in the original. A push that somebody else's came
        before is made again on top of theirs.
        """
        subject = f"depbisect: {said(label, limit=60) or 'candidate'}"
        message = f"{subject}\n\n{ORDER}: {order}\n{ORIGINAL}: {self.original}\n"
        for _ in range(POLICY.pushes):
            touched = self._touched()
            commit = self._commit(self._tree(files, touched), message)
            if self._pushed(commit):
                self._changes[commit] = touched | set(files)
                self._ours.append(Commit(commit, order, self.original))
                return commit
            self.open()
            if any(ours.sha == commit for ours in self._ours):
                # It had arrived, though the host's answer was lost, and somebody pushed on top.
                return commit
        raise GitError("the branch moves faster than it can be pushed to")

    def holds(self, files: Mapping[str, bytes]) -> bool:
        """Say whether the branch's head has these files as they are."""
        now = self._entries(self.head, files)
        return all(
            path in now
            and now[path][1] == self._git("hash-object", "--stdin", data=content).strip()
            for path, content in files.items()
        )

    def words(self, pattern: str) -> list[str]:
        """Return what an extended regular expression finds in the head's text files, each once."""
        try:
            found = self._git("grep", "-I", "-hoE", "-e", pattern, self.head)
        except GitError as error:
            if str(error):
                raise
            return []  # Git ends with 1 and says nothing where nothing is found.
        return list(dict.fromkeys(found.splitlines()))

    def restore(self) -> Restoration:
        """Put the original files back by one last commit; history stays as it is."""
        for _ in range(POLICY.pushes):
            self.open()
            if not self._ours:
                return Restoration(None)
            ours, kept = self._touched(), self._changed_since()
            tree = self._tree({}, ours - kept)
            message = f"depbisect: the original files are back\n\n{RESTORED}: {self.original}\n"
            commit = self._commit(tree, message)
            if self._pushed(commit):
                orders = {our.order: our.sha for our in self._ours}
                self._ours = []
                return Restoration(commit, tuple(sorted(kept)), orders)
        raise GitError("the branch moves faster than it can be pushed to")

    @property
    def _ref(self) -> str:
        return f"refs/heads/{self.branch}"

    def _since_original(self) -> list[Commit]:
        """Return our commits since the branch was last in its original state, oldest first."""
        log = self._git("log", "--first-parent", "-z", "--format=%H%x1f%B", self.head)
        found: list[Commit] = []
        for entry in log.split("\0"):
            sha, _, body = entry.partition("\x1f")
            if _trailer(body, RESTORED) or sha == self.original:
                break
            original = _trailer(body, ORIGINAL)
            if original:
                found.append(Commit(sha, _trailer(body, ORDER), original))
            if found and sha == found[0].original:
                break
        return found[::-1]

    def _touched(self) -> set[str]:
        """Return the files that commits of ours changed."""
        for commit in self._ours:
            if commit.sha not in self._changes:
                listed = self._git(
                    "diff-tree", "--no-commit-id", "--name-only", "-r", "-z", commit.sha
                )
                self._changes[commit.sha] = {name for name in listed.split("\0") if name}
        return {path for commit in self._ours for path in self._changes[commit.sha]}

    def _changed_since(self) -> set[str]:
        """Return those of our files that somebody else changed after our last commit."""
        paths = self._touched()
        ours, now = self._entries(self._ours[-1].sha, paths), self._entries(self.head, paths)
        return {path for path in paths if ours.get(path) != now.get(path)}

    def _tree(self, files: Mapping[str, bytes], reset: Iterable[str]) -> str:
        """Write the head's tree with `reset` as in the original and `files` on top."""
        index = str(self._folder / "depbisect-index")
        Path(index).unlink(missing_ok=True)
        self._git("read-tree", self.head, index=index)
        originals = self._entries(self.original, {*reset, *files})
        lines: list[str] = []
        for path in sorted(set(reset) - set(files)):
            mode, blob = originals.get(path, ("0", "0" * 40))
            lines.append(f"{mode} {blob}\t{path}")
        for path, content in files.items():
            blob = self._git("hash-object", "-w", "--stdin", data=content).strip()
            mode, _ = originals.get(path, ("100644", ""))
            lines.append(f"{mode} {blob}\t{path}")
        data = "".join(f"{line}\0" for line in lines).encode()
        self._git("update-index", "-z", "--index-info", data=data, index=index)
        return self._git("write-tree", index=index).strip()

    def _entries(self, commit: str, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Return mode and blob of those paths that a commit has."""
        wanted = sorted(paths)
        listed = self._git("ls-tree", "-r", "-z", commit, "--", *wanted) if wanted else ""
        found = (re.match(r"(\d+) blob ([0-9a-f]+)\t(.*)", line) for line in listed.split("\0"))
        return {match[3]: (match[1], match[2]) for match in found if match}

    def _commit(self, tree: str, message: str) -> str:
        return self._git("commit-tree", tree, "-p", self.head, data=message.encode()).strip()

    def _pushed(self, commit: str) -> bool:
        """Push without force; False where the branch has moved meanwhile."""
        try:
            self._remote("push", "--quiet", self.url, f"{commit}:{self._ref}")
        except GitError as error:
            if _REJECTED.search(str(error)):
                return False
            raise
        self._git("update-ref", self._ref, commit)
        self.head = commit
        return True

    def _remote(self, *arguments: str) -> str:
        return self._patience.ask(lambda: self._git(*arguments))

    def _git(self, *arguments: str, data: bytes = b"", index: str = "") -> str:
        if not (self._folder / "HEAD").exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._run("init", "--quiet", "--bare", str(self._folder))
        return self._run(f"--git-dir={self._folder}", *arguments, data=data, index=index)

    def _run(self, *arguments: str, data: bytes = b"", index: str = "") -> str:
        try:
            # Ctrl-C stops us, not a push under way: the host may take it all the same.
            done = run_apart(
                ["git", *arguments],
                cwd=self._folder,
                environment=self._environment(index),
                data=data,
                limit=POLICY.git_timeout,
                grace=POLICY.push_grace if "push" in arguments else 0.0,
            )
        except FileNotFoundError:
            raise GitError("git is not installed") from None
        except subprocess.TimeoutExpired:
            raise GitError(f"git did not end within {POLICY.git_timeout:g} s: timed out") from None
        if done.returncode:
            raise GitError(self._safe(done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "surrogateescape")

    def _environment(self, index: str) -> dict[str, str]:
        """Return git's environment: no prompt, no hook, no helper but ours, no trace."""
        settings = [
            ("credential.helper", ""),
            ("core.hooksPath", os.devnull),
            ("http.followRedirects", "false"),
            ("http.sslVerify", "true"),
            ("gc.auto", "0"),
            ("core.quotePath", "false"),
        ]
        environment = {
            name: value
            for name, value in clean_environment(keep=_PROXIES).items()
            if not _GIT_STATE.match(name)
        }
        if self._login is not None:
            settings.append((f"credential.{_host(self.url)}.helper", _HELPER))
            environment["DEPBISECT_GIT_USER"] = self._login.user
            environment["DEPBISECT_GIT_PASSWORD"] = self._login.password.reveal()
        for number, (key, value) in enumerate(settings):
            environment[f"GIT_CONFIG_KEY_{number}"] = key
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        environment.update(
            GIT_CONFIG_COUNT=str(len(settings)),
            GIT_TERMINAL_PROMPT="0",
            GIT_ASKPASS="",
            SSH_ASKPASS="",
            LC_ALL="C",
            GIT_AUTHOR_NAME=AUTHOR,
            GIT_AUTHOR_EMAIL=EMAIL,
            GIT_COMMITTER_NAME=AUTHOR,
            GIT_COMMITTER_EMAIL=EMAIL,
        )
        if index:
            environment["GIT_INDEX_FILE"] = index
        return environment

    def _safe(self, words: str) -> str:
        secrets = [self._login.password] if self._login else []
        lines = [line for line in map(str.strip, words.split("\n")) if line]
        return said("; ".join(lines), secrets, limit=500)


def _trailer(body: str, name: str) -> str:
    match = re.search(rf"^{name}: (\S+)$", body, re.MULTILINE)
    return match[1] if match else ""


def _host(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
