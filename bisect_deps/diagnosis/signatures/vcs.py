"""Version control: repositories and references that requirements name."""

from __future__ import annotations

from bisect_deps.diagnosis.signatures.base import Signature, Weight
from bisect_deps.model import Cause, Phase

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        name="vcs-no-repository",
        pattern=r"does not appear to be a git repository|Could not read from remote repository|Repository not found|repository '[^']{1,200}' (?:not found|does not exist)|could not read (?:Username|Password) for|Permission denied \(publickey|Host key verification failed|abort: repository|Failed to clone \S{1,300}, (?:check your git|verify the repository)|Authentication failed for",
        cause=Cause.VCS_ERROR,
        phase=Phase.DOWNLOAD,
        means="the repository that a requirement names is not there, or may not be read",
        advice="check the URL, and the key or token that reads it",
        example="fatal: '/srv/git/missing' does not appear to be a git repository",
        weight=Weight.EXACT,
    ),
    Signature(
        name="vcs-no-reference",
        pattern=r"error: pathspec '(?P<ref>[^']{1,100})' did not match|couldn't find remote ref|Remote branch \S{1,100} not found|reference is not a tree|unknown revision|revspec '|unable to read tree|unadvertised object|verify ref exists on remote|Failed to checkout \S{1,300} at '|bad object",
        cause=Cause.VCS_ERROR,
        phase=Phase.DOWNLOAD,
        means="the branch, tag or commit that a requirement names is not in the repository",
        advice="name a reference that exists",
        example="error: pathspec 'v9.9' did not match any file(s) known to git",
        weight=Weight.EXACT,
    ),
    Signature(
        name="vcs-command",
        pattern=r"(?:git (?:clone|checkout|fetch|rev-parse|submodule)|hg clone|svn (?:checkout|export)|bzr branch)\b.{0,600}?(?:did not run successfully|failed with error code|exited? with|returned non-zero|exit status)|Command errored out with exit status \d+: (?:git|hg|svn|bzr) |× (?:git|hg|svn|bzr) |Cannot find command '(?P<tool>git|hg|svn|bzr)'",
        cause=Cause.VCS_ERROR,
        phase=Phase.DOWNLOAD,
        means="the version control program failed",
        advice="run the command by hand to see why",
        example='Command "git clone -q file:///srv/git/missing /scratch/pip-install-x/ledger" failed with error code 128 in None',
    ),
)
