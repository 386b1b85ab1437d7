"""Import names are told by what is installed, down to where several projects share a package."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.builders._environments import modules


def install(site: Path, name: str, *files: str, top: str = "") -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
    lines = [*files, f"{info.name}/METADATA", "../../../bin/run.py"]
    (info / "RECORD").write_text("".join(f"{line},sha256=x,1\n" for line in lines), "utf-8")
    if top:
        (info / "top_level.txt").write_text(top, "utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    install(tmp_path, "PyYAML", "yaml/__init__.py", "_yaml/__init__.py", "yaml/loader.py")
    install(tmp_path, "six", "six.py", "six-data/notes.py")
    install(tmp_path, "protobuf", "google/protobuf/__init__.py", "google/_upb/_message.abi3.so")
    install(tmp_path, "google-cloud-storage", "google/cloud/storage/__init__.py")
    install(tmp_path, "google-cloud-core", "google/cloud/_helpers.py", "google/cloud/version.py")
    install(tmp_path, "crypto", "crypto/bindings/_rust.abi3.so", "crypto/__init__.py")
    install(tmp_path, "fast", "fast.cpython-311-x86_64-linux-gnu.so")
    install(tmp_path, "own-work", "__editable___own.pth", top="own_work\n")
    return tmp_path


ALL = "yaml _yaml six google protobuf _message cloud storage _helpers crypto _rust fast own_work"


def test_each_import_name_has_its_distribution(site: Path) -> None:
    assert modules([site], ALL) == {
        "yaml": "pyyaml",
        "_yaml": "pyyaml",
        "six": "six",
        "google.protobuf": "protobuf",
        "google._upb._message": "protobuf",
        "google.cloud.storage": "google-cloud-storage",
        "google.cloud._helpers": "google-cloud-core",
        "crypto": "crypto",
        "crypto.bindings._rust": "crypto",
        "fast": "fast",
        "own_work": "own-work",
    }


def test_only_names_that_the_log_mentions_are_told(site: Path) -> None:
    assert modules([site], 'File "/e/site-packages/YAML/x.py"') == {"yaml": "pyyaml"}


def test_a_package_of_one_project_is_told_whole(tmp_path: Path) -> None:
    install(tmp_path, "protobuf", "google/protobuf/__init__.py")
    assert modules([tmp_path], "google.protobuf") == {"google": "protobuf"}


def test_a_module_of_two_projects_is_the_same_ones_every_time(tmp_path: Path) -> None:
    install(tmp_path, "opencv-python", "cv2/__init__.py")
    install(tmp_path, "opencv-contrib-python", "cv2/__init__.py")
    assert modules([tmp_path], "cv2") == {"cv2": "opencv-contrib-python"}
