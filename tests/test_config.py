"""Settings: who wins, what is refused, what is never shown."""

from pathlib import Path

import pytest

from dbmedic.config import Config, default_data, read, settings, shown
from dbmedic.core.errors import BadField


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "dbmedic.toml").write_text('host = "0.0.0.0"\nport = 1\nmax_turns = 3\n')
    config, origins = read({"port": 3, "host": None}, {"DBMEDIC_DATA": str(tmp_path), "DBMEDIC_PORT": "2"})
    assert (config.port, config.host, config.max_turns, config.window_s) == (3, "0.0.0.0", 3, 5.0)
    assert (origins["port"], origins["host"], origins["data"]) == ("flag", "file", "environment")
    assert origins["window_s"] == "default"


def test_a_file_named_by_hand_is_read_instead_of_the_one_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "dbmedic.toml").write_text("port = 1")
    (tmp_path / "mine.toml").write_text('port = 2\ndata = "elsewhere"')
    config = read({}, {"DBMEDIC_DATA": str(tmp_path), "DBMEDIC_CONFIG": str(tmp_path / "mine.toml")}).config
    assert (config.port, config.data) == (2, tmp_path)
    assert config.config == tmp_path / "mine.toml"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read({}, {"DBMEDIC_PORT": "", "HOME": "/home/x"}).config.port == Config().port


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"DBMEDIC_PORT": "abc"}, "DBMEDIC_PORT: 'abc' is not an integer from 0 up to 65535"),
        ({"DBMEDIC_PORT": "70000"}, "DBMEDIC_PORT: '70000' is not an integer from 0 up to 65535"),
        ({"DBMEDIC_WINDOW_S": "nan"}, "DBMEDIC_WINDOW_S: 'nan' is not a number over 0 up to 86400"),
        ({"DBMEDIC_ZONE": "Mars"}, "DBMEDIC_ZONE: 'Mars' is not a time zone such as Europe/Berlin"),
        ({"DBMEDIC_ZONE": "../../etc/passwd"}, "is not a time zone"),
        ({"DBMEDIC_LOG_LEVEL": "loud"}, "DBMEDIC_LOG_LEVEL: 'loud' is not one of debug, info, warning, error"),
        ({"DBMEDIC_MODEL_URL": "localhost"}, "DBMEDIC_MODEL_URL: 'localhost' is not an address"),
        ({"DBMEDIC_CONFIG": "/nowhere.toml"}, "DBMEDIC_CONFIG: there is no file /nowhere.toml"),
    ],
)
def test_a_bad_variable_is_named_with_what_it_may_be(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadField) as caught:
        read({}, environ)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 1", "there is no setting 'prot'; settings: data, key, host, port"),
        ('port = "x"', "port in "),
        ("port = ", "cannot be read as TOML"),
        ("port = true", "True is not an integer"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "dbmedic.toml").write_text(text)
    with pytest.raises(BadField) as caught:
        read({"data": tmp_path}, {})
    assert sentence in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_secrets_are_masked_and_never_part_of_an_error() -> None:
    config = read({}, {"DBMEDIC_KEY": "hush", "DBMEDIC_MODEL_KEY": "hush"}).config
    assert shown("key", config) == shown("model_key", config) == "***"
    assert shown("port", config) == "8765"
    with pytest.raises(BadField) as caught:
        read({"model_key": ["hush"]}, {})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("environ", [{"HOME": ""}, {}])
def test_without_a_home_the_account_has_one(environ: dict[str, str]) -> None:
    assert default_data(environ).is_absolute()
    assert default_data(environ).parts[-3:] == (".local", "share", "dbmedic")


def test_every_setting_says_what_it_is_for() -> None:
    for setting in settings():
        assert setting.help.endswith("."), setting.name
        assert setting.variable == "DBMEDIC_" + setting.name.upper()
        assert not (setting.secret and setting.default)
