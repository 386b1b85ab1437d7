"""Builders own their options: one declaration is flag, variable, setting in files and refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bisect_deps.builders import BUILDERS, all_settings, options_for, options_of
from bisect_deps.builders.base import BuilderOptions
from bisect_deps.cli.run import command
from bisect_deps.errors import InputError

OPTIONS = {param.name: param for param in command.params}


@pytest.mark.parametrize("builder", BUILDERS)
def test_each_setting_is_an_option_of_run(builder: str) -> None:
    for setting in options_of(builder).settings().values():
        assert setting.flag in OPTIONS[setting.name].opts


def test_builders_that_share_a_flag_declare_it_alike() -> None:
    for name, (setting, known) in all_settings().items():
        for builder in known:
            declared = {option.name: option for option in options_of(builder).settings().values()}
            assert declared[name] == setting, f"{setting.flag} of {builder}"


def test_no_setting_takes_the_name_of_a_common_option() -> None:
    names = [param.name for param in command.params]
    assert len(names) == len(set(names))


def test_a_builder_gets_its_own_settings_and_no_others(tmp_path: Path) -> None:
    given: dict[str, object] = {"build_cmd": "make", "algorithm": ("a/b",)}
    options = options_for("command", given, folder=tmp_path, cwd=tmp_path)
    assert isinstance(options, BuilderOptions)
    assert options.build_cmd == "make"  # type: ignore[attr-defined]
    assert not hasattr(options, "algorithms")


def test_an_unknown_builder_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(InputError) as caught:
        options_of("nobody")
    assert all(name in str(caught.value.hint) for name in BUILDERS)


def test_an_option_of_another_builder_is_refused_on_the_command_line_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "requirements.txt").write_text("")
    arguments = ["requirements.txt", "--builder", "command"]
    result = CliRunner().invoke(command, [*arguments, "--algorithm", "a/b", "--build-cmd", "true"])
    assert isinstance(result.exception, InputError)
    assert "--algorithm means nothing to --builder command" in str(result.exception)
    assert "--builder algorithmia" in str(result.exception.hint)
    monkeypatch.setenv("DEPBISECT_TRUST", str(tmp_path))
    (tmp_path / "depbisect.toml").write_text('algorithm = ["a/b"]\nbuild-cmd = "true"\n')
    result = CliRunner().invoke(command, [*arguments, "-q"], standalone_mode=False)
    assert result.exception is None, result.exception
    assert result.return_value == 0
