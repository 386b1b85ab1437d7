"""Every number that costs a user builds or waiting, on one screen.

Seconds unless the name says otherwise. What a user may set (`--timeout`, `--retries`) has its
default here. Not here: the mathematics of the search, sizes of buffers, widths of text, and the two
scripts that run on other machines. Must not know anything else; tests/test_policy.py fails where
another module grows such a number.

"documented" is the word of the system itself, "measured" names how; all else is a choice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a system is asked for one build: growing pauses, and how long it is believed in.

    A build that is not listed after `appear` is looked for otherwise or given up; a missing log is
    asked for `log_tries` times; `patience` is for a system that does not answer at all.
    """

    first: float
    most: float
    growth: float = 1.3
    appear: float = 120.0
    log_tries: int = 5
    patience: float = 600.0  # A restart of the platform is waited out, an outage of hours is not.


# Without what nobody asks of it, which is half of what the class costs at every start: 1 ms.
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Policy:
    """What a run may spend where the user does not say; each number with its reason."""

    # One build, and the same build again.
    timeout: float = 1800.0  # What compiles for longer is rare; what hangs is found by then.
    retries: int = 2  # After an infrastructure failure: 3 tries in all.
    grace: float = 30.0  # Beyond the limit: a remote build's own clock starts late.
    longest_backoff: float = 60.0  # Between such tries: 1, 2, 4 s and so on.
    infrastructure_asks: int = 3  # One question of the search, beside its build's `retries`.
    doubted_failures: int = 4  # Failures by which a release of an unsteady build is named.
    contradicted_builds: int = 4  # Builds until one that contradicts another is believed.
    single_cost: float = 0.25  # A release alone costs about this share of a whole build.
    most_jobs: int = 256  # More builds at once no machine has use for.
    offered_builds: int = 10  # The least that a run which was cut short is offered to go on with.
    other_pythons: int = 3  # `--alternatives`, a whole build each.

    # What is built before it is asked for, where a slot would be idle.
    rounds_ahead: int = 3  # Further guesses are seldom right.
    questions_at_once: int = 2  # To the resolver, 30 ms of a processor each.

    # The repair. From here to `jointly_moved` they are ceilings. Measured: half or twice of one
    # changes no verdict of 150 scenarios and at most 3 % of their builds
    # (`python -m tests.fix.explaining --policy 150`).
    # An install:
    install_rounds: int = 12  # Faults behind each other, until the rest is reported as it stands.
    install_fixes: int = 4  # Candidates for one set of culprits.
    rooms: int = 3  # Times that lines make room for what a source was told to ask for.
    moved_releases: int = 4  # Of each line that fails with others, the nearest first.
    old_tool_builds: int = 4  # With older build tools, for one culprit.
    sources_a_round: int = 2  # By how many a range is cut; the same on every machine.
    walk_builds: int = 3  # Each may take the whole time limit: so did the walk that it ends.
    avoiding_builds: int = 10  # Each goes round what the builds before showed to fail.
    few_changes: int = 4  # So few are taken back one by one, more by halves.

    # A check:
    check_layers: int = 12
    check_builds: int = 24
    check_moves: int = 10  # For one failure; then the layer before is tried otherwise.
    tried_in_vain: int = 3  # So many releases lack what a check asks for: then it may be wrong.
    hopeless_moves: int = 3  # For a module that nothing has, or a project that Python outlived.
    completing_builds: int = 2  # Look for who else breaks with one culprit.
    stepped_projects: int = 3  # Of those that a traceback names.
    first_steps: int = 4  # Back from a release: the major before, 1 and 2 series, its first one.
    steps: int = 7  # 64 series back at last.
    later_years: tuple[int, ...] = (0, 1, 3)  # After the newest pin, the nearest first.
    earlier_releases: tuple[int, ...] = (1, 2, 4, 8)  # The newest that an earlier day is without.

    # Calls of the resolver: no build, but a tenth of a second each.
    conflict_calls: int = 60
    avoiding_calls: int = 40
    versions_asked: int = 16  # Of one project, for one move.
    versions_held: int = 12  # Of one that is pulled in.
    jointly_moved: int = 2  # Of those, with the lines that stand in the way.
    fetched_on_suspicion: int = 20  # Pins whose files are looked at where an index seems to lie.

    # Builds at once, where neither `-j` nor the system says.
    remote_jobs: int = 4  # A share of what hosted systems give a project (GitHub: 20).
    buildbot_jobs: int = 2  # The workers are not known where this counts.

    # Looking after builds here.
    shortest_look: float = 0.003  # So that the end of a warm build, some 10 ms, is noticed in time.
    longest_look: float = 0.5
    look_share: float = 0.03  # Of a build's age so far: it is noticed 3 % late at most.
    output_look: float = 0.5  # What running builds write is shown so often.
    process_look: float = 0.01
    proving_look: float = 0.05
    stop_grace: float = 1.0  # To end on SIGTERM, before SIGKILL.
    unkillable: float = 5.0  # What is still there then hangs in the kernel.
    removals: int = 100  # Tries, a `process_look` apart: who is killed may still end a write.
    assistant_grace: float = 15.0  # An interrupted command ends its builds and closes its journal.
    fleet_look: float = 0.05  # For a stop, by each of its threads.
    sandbox_tries: int = 5  # One step's room: other programs come and go beside it.
    compiled_releases: int = 1_000  # Bytecode that is kept for one Python: some 200 MB.

    # Commands that answer at once, and those that work; each may meet a loaded machine.
    answer_timeout: float = 30.0  # `git remote`, `gh auth token`, `python -c`.
    keyring_timeout: float = 10.0  # One that asks a person would wait for ever.
    reading_timeout: float = 60.0  # Files of a git revision, what is installed.
    sandbox_timeout: float = 20.0  # One trial of bubblewrap.
    pip_timeout: float = 120.0  # A newer pip in a new environment.
    environment_timeout: float = 300.0  # venv with ensurepip, on a slow disk.
    resolver_timeout: float = 300.0  # One uv call; sources' metadata is built in it.
    git_timeout: float = 300.0  # One fetch or push.
    push_grace: float = 30.0  # One that the user interrupts: half of it is worse than all.
    audit_timeout: float = 600.0  # pip-audit asks for each release by itself.
    scheduler_timeout: float = 120.0  # sbatch and squeue wait for a controller that is away.

    # Indexes.
    page_age: int = 600  # Documented: PyPI's own max-age; for indexes that name none, too.
    index_timeout: tuple[float, float] = (5.0, 30.0)  # To connect, between two bytes.
    index_retries: int = 3
    index_backoff: float = 0.2
    page_time: float = 120.0  # For the whole of one that trickles: the largest at 2 Mbit/s.
    file_time: float = 1800.0  # A file that is looked at: 4 GiB at 20 Mbit/s.
    index_connections: int = 12  # Pages at once: 100 lines are 9 rounds.

    # HTTP APIs of build systems.
    http_timeout: float = 30.0
    connect_timeout: float = 15.0
    http_tries: int = 4
    http_first_pause: float = 0.5  # Doubled each time.
    answer_time: float = 300.0  # For the whole of one that trickles: 64 MiB at 2 Mbit/s.
    longest_retry_after: float = 300.0  # A server that asks for more is away.
    live_log_quiet: float = 3.0  # An event stream that is silent so long has told all it knows.
    console_patience: float = 60.0  # Somebody is waiting in front of it.
    console_pause: float = 2.0
    follow_pause: float = 15.0  # `errors --follow`.
    near_follow_pause: float = 0.5  # On this machine.
    listed_pages: int = 20  # 50 builds each; older ones are asked for by their id.

    # Paces. GitHub allows 5,000 requests an hour (documented), 4 builds at 20 s are 720.
    ci: Pace = Pace(5.0, 20.0)
    near_ci: Pace = Pace(0.1, 1.0, appear=20.0)  # A server on this machine has no limit.
    buildbot: Pace = Pace(0.2, 5.0, growth=1.2)  # One's own server.
    algorithmia: Pace = Pace(5.0, 30.0, growth=1.5)  # Its builds take minutes.
    near_algorithmia: Pace = Pace(0.1, 1.0, growth=1.5, appear=5.0)
    # Spaces and DataRobot. A commit that starts no build by then was overtaken or lost.
    watched: Pace = Pace(1.0, 10.0, appear=180.0)
    slurm: Pace = Pace(1.0, 10.0)  # All users of a cluster share its controller.

    # Single systems.
    closing_tries: int = 3  # For what was asked for and is not yet seen, before it is left.
    lost_worker_retries: int = 3  # A Buildbot worker that is lost so often is lost by the build.
    slurm_look: float = 0.2  # A job that is being ended may write once more.
    slurm_tries: int = 4  # While the controller is away.
    seen_late: float = 15.0  # A shared folder shows files after the job's end: see nfs(5).
    slurm_kept: float = 7 * 24 * 3600.0  # What a killed run left, for a resume.
    pushes: int = 4  # Onto a branch that others push to.
    compile_timeout: float = 3600.0  # Algorithmia answers a compilation when it is done.
    call_timeout: float = 300.0  # Documented: its limit of a call unless asked,
    longest_call: float = 3000.0  # and at most.
    call_grace: float = 60.0  # For the answer's way.
    call_slack: float = 1.0  # The caller's own clock starts later, and has to see the limit passed.


POLICY = Policy()
