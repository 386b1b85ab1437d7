"""A real Slurm cluster of one node on this machine, for tests: Debian's `slurm-wlm`, run as root.

    with cluster(tmp_path, slots=2) as environment:
        subprocess.run(["sbatch", ...], env={**os.environ, **environment})

It needs neither munge nor a database: so `sacct` has nothing to tell there.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=3
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs={slots} State=UNKNOWN
PartitionName=all Nodes=node1 Default=YES MaxTime=60 State=UP
"""


def missing() -> str:
    """Return why no cluster can be started here, empty where one can."""
    absent = [name for name in PROGRAMS if _program(name) is None]
    if absent:
        return f"{absent[0]} is not installed (Debian: slurm-wlm)"
    return "" if os.geteuid() == 0 else "a Slurm node is started by root only"


@contextmanager
def cluster(folder: Path, slots: int = 2) -> Iterator[dict[str, str]]:
    """Run a cluster while inside; yields the variables by which Slurm's commands find it."""
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    configuration = folder / "slurm.conf"
    host = socket.gethostname().partition(".")[0]
    text = CONFIGURATION.format(host=host, ports=_free_ports(2), folder=folder, slots=slots)
    configuration.write_text(text)
    environment = {"SLURM_CONF": str(configuration)}
    daemons = [
        _start(["slurmctld", "-D", "-i"], folder, environment),
        _start(["slurmd", "-D", "-N", "node1"], folder, environment),
    ]
    try:
        _wait_for_node(environment, folder)
        yield environment
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
        for daemon in daemons:
            daemon.wait(30)


def _start(
    command: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    program = _program(command[0])
    assert program is not None
    with (folder / f"{command[0]}.out").open("wb") as output:
        return subprocess.Popen(
            [program, *command[1:]],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _wait_for_node(environment: dict[str, str], folder: Path) -> None:
    until = time.monotonic() + 60
    while "idle" not in _states(environment):
        if time.monotonic() > until:
            logs = "\n".join(path.read_text() for path in sorted(folder.glob("slurm*.*")))
            raise RuntimeError(f"the Slurm node does not come up\n{logs}")
        time.sleep(0.1)


def _states(environment: dict[str, str]) -> str:
    command = ["sinfo", "--noheader", "--format=%T"]
    asked = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    return asked.stdout


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for listener in sockets:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports
