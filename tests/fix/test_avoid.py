"""Where no move helped, the resolver avoids all that logs showed to fail."""

from __future__ import annotations

from bisect_deps.fix.avoid import avoid
from bisect_deps.fix.repair import repair
from bisect_deps.model import Cause, Outcome, Probe, VerdictKind
from bisect_deps.policy import POLICY
from tests.fix.simulated import Checks, Quality
from tests.fix.small import Small, at, breaks, said, small, unbuildable, yearly
from tests.fix.world import ELSEWHERE


def avoided(here: Small) -> tuple[Probe, ...]:
    failing = here.probe()
    assert failing.outcome is Outcome.FAIL
    return here.told(avoid(here.case, failing, [failing]))


def triple(**more: object) -> Small:
    # All three fail together, but with gamma 1.0; a limit stands in its way.
    projects = {
        "alpha": [at("1.0", "2020-01-01", "beta", "gamma")],
        "beta": yearly("1.0", "2.0"),
        "gamma": yearly("1.0", "2.0", "3.0"),
    }
    fault = breaks("amber", alpha="1.0", beta="1.0/2.0", gamma="2.0/3.0")
    return small("alpha==1.0\n", projects, fault, limits="gamma>=2\n", **more)  # type: ignore[arg-type]


def test_each_build_tells_what_the_next_one_avoids() -> None:
    made = avoided(triple())
    assert made[-1].outcome is Outcome.PASS
    assert made[-1].installed == {"alpha": "1.0", "beta": "2.0", "gamma": "1.0"}
    tried = [tuple(sorted((probe.installed or {}).items())) for probe in made]
    assert len(set(tried)) == len(tried)
    assert said(made[-1].candidate) == "gamma==1.0", "nothing else moves"


def test_what_no_log_tells_is_not_guessed_at() -> None:
    assert avoided(triple(quality=Quality.SILENT)) == ()


def test_where_everything_fails_it_ends_by_itself() -> None:
    versions = [f"{n}.0" for n in range(1, 30)]
    here = small("lib==9.0\n", {"lib": yearly(*versions)}, breaks("amber", lib="/".join(versions)))
    made = avoided(here)
    assert len(made) <= POLICY.avoiding_builds
    assert all(probe.outcome is Outcome.FAIL for probe in made)


def test_what_lies_between_two_that_fail_alike_is_not_built() -> None:
    versions = [f"{n}.0" for n in range(1, 10)]
    fault = breaks("amber", lib="/".join(versions[1:]))
    here = small("lib==9.0\n", {"lib": yearly(*versions)}, fault)
    failing = here.probe()
    older = here.probe(here.case.settled(failing.candidate, {"lib": "2.0"}))
    made = here.told(avoid(here.case, failing, [failing, older]))
    assert [said(probe.candidate) for probe in made] == ["lib==1.0"]


def test_an_install_without_a_way_upwards_goes_down() -> None:
    source = {"wheel": ELSEWHERE, "sdist": True}
    lib = [at("1.0", "2018-01-01"), at("2.0", "2019-01-01", **source)]
    lib.append(at("3.0", "2020-01-01", **source))
    faults = (unbuildable("flint", "lib", "2.0/3.0"), unbuildable("agate", "lib", "3.0"))
    here = small("lib==2.0\n", {"lib": lib}, *faults, checks=Checks.NONE)
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert said(conclusion.ways[0].candidate) == "lib==1.0"
    assert [m.version for c in conclusion.culprits for m in c.members] == ["2.0"]


def test_what_the_machine_lacks_is_avoided_by_no_release() -> None:
    versions = [f"{n}.0" for n in range(1, 12)]
    lib = [at(version, wheel="", sdist=True) for version in versions]
    lacking = unbuildable("amber", "lib", "/".join(versions[4:]), Cause.SYSTEM_DEP_MISSING)
    assert avoided(small("lib==9.0\n", {"lib": lib}, lacking)) == ()
    broken = unbuildable("amber", "lib", "/".join(versions[4:]), Cause.COMPILE_ERROR)
    assert avoided(small("lib==9.0\n", {"lib": lib}, broken)) != ()


def test_what_a_source_asks_for_is_learnt_from_one_refusal() -> None:
    # 1.0 to 8.0 of the source ask for a lib that fails; what each asks for only its build tells.
    source = [
        at(f"{n}.0", f"20{10 + n}-01-01", "lib==1.0", sdist=True, wheel="") for n in range(2, 9)
    ]
    source.insert(0, at("1.0", "2010-01-01", "lib>=4", sdist=True, wheel=""))
    lib = yearly("1.0", "2.0", "3.0", "4.0", "5.0")
    here = small(
        "source==8.0\nlib==1.0\n", {"source": source, "lib": lib}, breaks("amber", lib="1.0")
    )
    made = avoided(here)
    assert made[-1].outcome is Outcome.PASS
    assert said(made[-1].candidate) == "source==1.0 lib==5.0"


def test_a_constraint_that_a_source_does_not_suit_is_moved() -> None:
    source = [
        at("1.0", "2019-01-01", "lib==1.0", sdist=True, wheel=""),
        at("2.0", "2020-01-01", "lib>=2,<3", sdist=True, wheel=""),
    ]
    projects = {"source": source, "lib": yearly("1.0", "2.0", "3.0")}
    here = small("source==1.0\n", projects, breaks("amber", source="1.0"), limits="lib<2\n")
    made = avoided(here)
    assert [said(probe.candidate) for probe in made] == ["source==2.0", "source==2.0 lib==2.0"]
    assert made[-1].outcome is Outcome.PASS


def test_a_source_is_left_for_another_where_all_that_it_pulls_in_fails() -> None:
    source = [at("1.0", "2019-01-01"), at("2.0", "2020-01-01", "lib", sdist=True, wheel="")]
    lib = [at(version, wheel="", sdist=True) for version in ("1.0", "2.0")]
    here = small("source\n", {"source": source, "lib": lib}, unbuildable("amber", "lib", "1.0/2.0"))
    failing, alone = here.probe(), here.alone("lib==2.0")
    made = here.told(avoid(here.case, failing, [failing, alone]))
    assert said(made[-1].candidate) == "source==1.0"
    assert made[-1].outcome is Outcome.PASS


def test_a_source_whose_requirement_is_not_there_is_avoided() -> None:
    source = {"wheel": "", "sdist": True}
    projects = {
        "app": [at("1.0", "2020-01-01", **source), at("2.0", "2021-01-01", "lib>=2", **source)],
        "lib": yearly("1.0"),
    }
    # The nearest release to the one that does not exist is refused; alone it is built.
    here = small("app==3.0\n", projects, checks=Checks.NONE)
    conclusion = here.told(repair(here.case))
    assert [said(way.candidate) for way in conclusion.ways] == ["app==1.0"]
