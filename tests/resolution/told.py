"""How the conflicts of the scenarios are told, in the order in which they are found."""

from __future__ import annotations

TOLD: dict[str, tuple[str, ...]] = {
    "two direct pins of one project": ("no release of a suits a==1 and a==2 together",),
    "a pin against what another needs": ("a requires b<2, and the file has b==2",),
    "two that need different versions": (
        "a requires c<2 and b requires c>=2: no release of c suits them together",
    ),
    "three innocents beside a conflict": (
        "a requires c<2 and b requires c>=2: no release of c suits them together",
    ),
    "a chain of three": ("a requires c<2 through b, and the file has c==2",),
    "a chain of four against a chain of two": (
        "a requires d<2 through b > c and e requires d>=2: no release of d suits them together",
    ),
    "every release of a transitive is to blame": (
        "a requires c<2 through b, and the file has c==2",
    ),
    "a circle with a pin against it": ("b requires a==1, and the file has a==2",),
    "a diamond that does not meet": (
        "a cannot be resolved: all versions of c depend on d>=2 and all "
        "versions of b depend on d<2",
    ),
    "two conflicts apart": (
        "a requires b<2, and the file has b==2",
        "c requires d<2, and the file has d==2",
    ),
    "a single beside a pair": (
        "the index has no project nothing",
        "a requires b<2, and the file has b==2",
    ),
    "two singles": (
        "the index has no release a 9; the nearest release is 1",
        "the index has no project c",
        "the index has no release b 9; the nearest release is 1",
    ),
    "one line in two conflicts": (
        "a requires c<2, and the file has c==2",
        "a requires b<2, and the file has b==2",
    ),
    "three that conflict pairwise": (
        "a requires x==1 and b requires x==2: no release of x suits them together",
        "b requires x==2 and c requires x==3: no release of x suits them together",
        "a requires x==1 and c requires x==3: no release of x suits them together",
    ),
    "two overlapping pairs in a row": (
        "a requires x<2 and b requires x>=2: no release of x suits them together",
        "b requires y<2 and c requires y>=2: no release of y suits them together",
    ),
    "two projects that two lines cannot agree on": (
        "a requires y<2 and b requires y>=2: no release of y suits them together",
    ),
    "a triple, any two of which suit": (
        "a requires x>1, b takes x 1 and c: no release of x suits them together",
    ),
    "a triple beside innocents": (
        "a requires x>1, b takes x 1 and c: no release of x suits them together",
    ),
    "four lines that leave nothing": ("no release of x suits x!=1, x!=2 and x!=3 together",),
    "bounds from three sides": (
        "a requires x>=2, b requires x<4 and c: no release of x suits them together",
    ),
    "only the extra conflicts": ("a[more] requires b<2, and the file has b==2",),
    "two extras of one project": (
        "a[p] requires b<2 and a[q] requires b>=2: no release of b suits them together",
    ),
    "an extra of a transitive": ("a requires c<2 through b, and the file has c==2",),
    "a marker that is true here": ("no release of a suits a==1 and a==2 together",),
    "a requirement with a true marker": ("a takes b 1, and the file has b==2",),
    "a floor between release and pre-release": (
        "the index has no release a >=2; the nearest release is 1",
    ),
    "a transitive pre-release that nobody named": (
        "a cannot be resolved: only b<=2b1 is available and all versions of a depend on b>=2",
    ),
    "a pin is not its post-release": (
        "the index has no release a 1; the nearest release is 1.post1",
    ),
    "greater than excludes post-releases": (
        "the index has no release a >1; the nearest release is 1.post1",
    ),
    "a post-release against a pin": ("b requires a==1.post1, and the file has a==1",),
    "compatible release against a need": ("b requires a>=2, and the file has a~=1.4",),
    "only yanked releases": ("a cannot be resolved: a==1 was yanked (reason: withdrawn)",),
    "a yanked release that would have suited": (
        "a cannot be resolved: b==2 was yanked (reason: withdrawn)",
    ),
    "a yanked transitive pinned by its parent": (
        "a cannot be resolved: b==2 was yanked (reason: withdrawn) and "
        "all versions of a depend on b==2",
    ),
    "a conflict made by requires-python": ("a requires b<2, and the file has b==2",),
    "a source distribution against a need": ("b requires a>=2, and the file has a==1",),
    "a constraint against a line": ("no resolution suits a==2 and a<2 together",),
    "a constraint against a transitive": ("no resolution suits a and b<2 together",),
    "an unknown project": ("the index has no project nothing",),
    "an unknown transitive": (
        "a cannot be resolved: nothing was not found in the package "
        "registry and all versions of a depend on nothing",
    ),
    "an unknown version": ("the index has no release a 1.5; the nearest release is 1",),
    "an unknown version of a transitive": (
        "a cannot be resolved: there is no version of b==7 and all versions of a depend on b==7",
    ),
    "names that differ in spelling only": (
        "b requires some-name<2, and the file has some_name==2",
    ),
}
