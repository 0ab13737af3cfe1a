"""Every setting, declared once: what `dbmedic config`, the reference page and the flags know of it comes from here.

The only file that reads the environment.  A flag wins over a `DBMEDIC_*` variable, a variable over the TOML file, the
file over the default.  Nothing here opens a store or starts anything.
"""

from __future__ import annotations

import os
import pwd
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from dbmedic.core.errors import BadField
from dbmedic.core.load import Load
from dbmedic.models.setting import ModelSetting, from_environment

PREFIX = "DBMEDIC_"
SECRET = {"secret": True}
Origin: TypeAlias = Literal["flag", "environment", "file", "default"]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]


class Config(Load, frozen=True, kw_only=True):
    """All settings of one process, with their values; those of `Load` come last in lists."""

    config: Annotated[Path | None, Meta(description="TOML file with settings; by default dbmedic.toml in `data`.")] = (
        None
    )
    data: Annotated[
        Path | None,
        Meta(description="Folder with everything dbmedic keeps; made on first use."),
    ] = None
    """`read` always gives a path; None, in code, keeps everything in memory."""
    key: Annotated[
        str,
        Meta(
            description="Encrypts the passwords of instances at rest, instead of the file `key` in `data`.",
            extra=SECRET,
        ),
    ] = ""
    host: Annotated[str, Meta(description="Address the server listens on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port the server listens on; 0 takes a free one.")] = 8765
    store: Annotated[str, Meta(description="postgresql:// address of what keeps all; empty: a file in `data`.")] = ""
    bus: Annotated[str, Meta(description="redis:// address that several servers over one `store` share.")] = ""
    lease_s: Annotated[Seconds, Meta(description="After this many silent seconds a server on `bus` is lost.")] = 10.0
    model_url: Annotated[
        str,
        Meta(
            description="Base URL of an OpenAI-compatible service, with its /v1.  Empty: the analyst answers, "
            "which needs no model."
        ),
    ] = ""
    model: Annotated[str, Meta(description="Name of the model at `model_url`.")] = ""
    model_key: Annotated[str, Meta(description="Key for `model_url`.", extra=SECRET)] = ""
    model_timeout_s: Annotated[Seconds, Meta(description="Longest silence of the model, in seconds.")] = 60.0
    model_vision: Annotated[bool, Meta(description="Show `model` the images that come with a question.")] = False
    model_price: Annotated[
        str,
        Meta(
            description="What a million prompt and a million completion tokens of `model` cost, and the currency; "
            "empty: looked up where the service is known.",
            examples=["0.4 1.2 USD"],
        ),
    ] = ""
    model_context: Annotated[
        int, Meta(ge=0, le=100_000_000, description="Tokens that `model` takes; 0: not known.", examples=[131_072])
    ] = 0
    model_thinking: Annotated[
        str,
        Meta(
            description="How much `model` can be told to think, least first; empty: it is never told.",
            examples=["low medium high"],
        ),
    ] = ""
    models: Annotated[
        tuple[ModelSetting, ...],
        Meta(
            description="More models, as `[[models]]` tables of the file or as JSON: name, model, kind, url, key, "
            "context_window, answer_tokens, thinking, price, vision, timeout_s, first_s, fallback.  The first one is "
            "the default where `model_url` is empty.",
            extra=SECRET,
        ),
    ] = ()
    turn_tokens: Annotated[
        int, Meta(ge=0, description="Tokens that a model may use in one turn; 0: no limit.  The analyst answers then.")
    ] = 0
    turn_cost: Annotated[
        float, Meta(ge=0, description="What a model may cost in one turn, in the currency of its price; 0: no limit.")
    ] = 0.0
    turn_calls: Annotated[
        int, Meta(ge=0, le=10_000, description="Tool calls that a model may make in one turn; 0: no limit.")
    ] = 64
    day_tokens: Annotated[
        int, Meta(ge=0, description="Tokens that the models of one account may use in a day (UTC); 0: no limit.")
    ] = 0
    day_cost: Annotated[
        float, Meta(ge=0, description="What the models of one account may cost in a day (UTC); 0: no limit.")
    ] = 0.0
    playbooks: Annotated[
        Path | None, Meta(description="Folder with playbooks of your own; by default `playbooks` in `data`.")
    ] = None
    model_sends: Annotated[
        Literal["masked", "names", "all"],
        Meta(
            description="What language models are told: masked (values of statements and data about people become "
            "words that stand for them, and come back in the answer), names (measurements and names of objects alone; "
            "statements, rows, plans, documents and files stay here) or all."
        ),
    ] = "masked"
    audio_url: Annotated[
        str,
        Meta(
            description="Base URL of an OpenAI-compatible audio service, with its /v1, for Dify clients that send "
            "recordings or want to hear answers.  Empty: neither."
        ),
    ] = ""
    audio_key: Annotated[str, Meta(description="Key for `audio_url`.", extra=SECRET)] = ""
    hearing_model: Annotated[
        str,
        Meta(description="Model at `audio_url` that turns recordings into text; empty: none.", examples=["whisper-1"]),
    ] = ""
    speaking_model: Annotated[
        str, Meta(description="Model at `audio_url` that turns text into speech; empty: none.", examples=["tts-1"])
    ] = ""
    voice: Annotated[str, Meta(description="Voice that speaks when a client names none.")] = "alloy"
    embed_url: Annotated[
        str,
        Meta(
            description="Base URL of an OpenAI-compatible embedding service, with its /v1: datasets are then searched "
            "by meaning, too.  Empty: by words alone."
        ),
    ] = ""
    embed_key: Annotated[str, Meta(description="Key for `embed_url`.", extra=SECRET)] = ""
    embed_model: Annotated[str, Meta(description="Name of the model at `embed_url`.")] = ""
    rerank_url: Annotated[
        str,
        Meta(description="Base URL of a service with a /rerank as Jina and Cohere have it, for searches that want it."),
    ] = ""
    rerank_key: Annotated[str, Meta(description="Key for `rerank_url`.", extra=SECRET)] = ""
    rerank_model: Annotated[str, Meta(description="Name of the model at `rerank_url`.")] = ""
    max_turns: Annotated[
        int, Meta(ge=1, le=10_000, description="Turns that one account may have running at once; more get a 429.")
    ] = 32
    files_mib: Annotated[
        int, Meta(ge=1, le=1 << 30, description="Room for all files that one user of an app has uploaded, in MiB.")
    ] = 1024
    bucket: Annotated[
        str,
        Meta(
            description="S3-compatible bucket for uploaded files, with a prefix or none (extra `s3`); empty: they are "
            "in `data`.",
            examples=["s3://dbmedic/files"],
        ),
    ] = ""
    bucket_endpoint: Annotated[str, Meta(description="Address of the bucket's service; empty: Amazon's.")] = ""
    bucket_region: Annotated[str, Meta(description="Region of the bucket.")] = "us-east-1"
    bucket_key: Annotated[str, Meta(description="Access key id for `bucket`; empty: what the machine has.")] = ""
    bucket_secret: Annotated[str, Meta(description="Secret of `bucket_key`.", extra=SECRET)] = ""
    turn_s: Annotated[
        Seconds, Meta(description="Longest time of one turn, in seconds; what was said until then is kept.")
    ] = 300.0
    check_budget_s: Annotated[
        Seconds, Meta(description="Longest time that the checks of one look take together on an instance, in seconds.")
    ] = 15.0
    window_s: Annotated[Seconds, Meta(description="Time between two samples that are compared, in seconds.")] = 5.0
    sample: Annotated[
        bool,
        Meta(
            description="Whether the server looks at every registered instance at an interval and keeps what it sees, "
            "so that answers can say what changed and how long the space lasts."
        ),
    ] = True
    sample_s: Annotated[Seconds, Meta(description="Time between two looks at the counters, in seconds.")] = 60.0
    sample_sizes_s: Annotated[
        Seconds, Meta(description="Time between two looks at sizes, settings and lists of objects, in seconds.")
    ] = 600.0
    history_days: Annotated[
        int, Meta(ge=1, le=3650, description="How many days of history are kept, coarser with age.")
    ] = 400
    history_mib: Annotated[
        int, Meta(ge=1, le=65_536, description="Most MiB that the history of one instance takes; the oldest goes.")
    ] = 64
    mcp_servers: Annotated[
        Path | None,
        Meta(description="JSON file with MCP servers whose tools the agent may use, as other MCP clients have it."),
    ] = None
    zone: Annotated[
        str, Meta(description="IANA time zone of times that the command line prints.", examples=["UTC"])
    ] = "UTC"
    language: Annotated[
        Literal["auto", "en", "zh", "zh-TW", "ja", "id"],
        Meta(description="Language of the command line's answers; auto is the language of the question."),
    ] = "auto"
    streams: Annotated[
        bool,
        Meta(
            description="Answer with a stream where an Alibaba Cloud client leaves open whether it wants one; "
            "false: with one object."
        ),
    ] = True
    unsigned_as: Annotated[
        str,
        Meta(
            description="Id of the access key as which unsigned calls of Alibaba Cloud clients act, on a server that "
            "nobody else can reach; empty: they are refused."
        ),
    ] = ""
    shutdown_s: Annotated[
        Seconds, Meta(description="How long running turns may finish after a stop signal, in seconds.")
    ] = 10.0
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least important line that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "text", "json"],
        Meta(description="Form of a log line; auto is text on a terminal and JSON elsewhere."),
    ] = "auto"


ADDRESS = "an address such as http://127.0.0.1:8000/v1"
ADDRESSES = ("model_url", "audio_url", "bucket_endpoint", "embed_url", "rerank_url")
WORDS = {
    "zone": "a time zone such as Europe/Berlin",
    "models": "a list of models, each with a name and a url",
    **dict.fromkeys(ADDRESSES, ADDRESS),
}
"""What `_kind` says where the type says too little."""
HINTS = get_type_hints(Config, include_extras=True)


class Setting(NamedTuple):
    """One line of the settings reference."""

    name: str
    variable: str
    kind: str
    """Its type in words: "integer 0 to 65535", "one of en, zh"."""
    metavar: str
    """Its type in one word, for a usage line: "INTEGER"."""
    default: str
    secret: bool
    help: str


class Settings(NamedTuple):
    """The values in force and where each came from."""

    config: Config
    origins: dict[str, Origin]


def read(flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in force.  Flags that are None, and variables that are empty, count as not given.

    Raises `BadField` that names the setting, where it was set and what it may be.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {"data": default_data(environ)}
    origins: dict[str, Origin] = dict.fromkeys(Config.__struct_fields__, "default")
    given = {
        "flag": {name: value for name, value in (flags or {}).items() if value is not None},
        "environment": {name: text for name in Config.__struct_fields__ if (text := environ.get(variable(name)))},
    }
    place: Origin
    for place in ("environment", "flag"):
        for name, value in given[place].items():
            values[name], origins[name] = _converted(name, value, _source(place, name)), place
    path = values.get("config") or values["data"] / "dbmedic.toml"
    if origins["config"] != "default" and not path.is_file():
        raise BadField("config", f"{_source(origins['config'], 'config')}: there is no file {path}")
    for name, value in _file(path).items():
        if origins[name] == "default":
            values[name], origins[name] = _converted(name, value, f"{name} in {path}"), "file"
    if "models" in values:
        values["models"] = from_environment(values["models"], environ)
    return Settings(Config(**values), origins)


def variable(name: str) -> str:
    """The environment variable of a setting: "DBMEDIC_PORT"."""
    return PREFIX + name.upper()


def traced(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the standard variables of OpenTelemetry ask for traces; what they say is for its SDK to read."""
    environ = os.environ if environ is None else environ
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return False
    return bool(environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))


def settings() -> list[Setting]:
    """Every setting, in the order of the declarations."""
    lines = []
    both = zip(Config.__struct_fields__, Config.__struct_defaults__, strict=True)
    for name, default in sorted(both, key=lambda one: one[0] in Load.__struct_fields__):
        meta = _metas(name)
        text = next((m.description for m in meta if m.description), None) or ""
        secret = any((m.extra or {}).get("secret") for m in meta)
        usual = "~/.local/share/dbmedic" if name == "data" else "" if default in (None, ()) else str(default)
        bare = get_args(HINTS[name])[0]
        metavar = {bool: "BOOLEAN", int: "INTEGER", float: "SECONDS", str: "TEXT"}.get(bare, "PATH")
        if get_origin(bare) is Literal:
            metavar = "|".join(get_args(bare))
        lines.append(Setting(name, variable(name), _kind(name), metavar, usual, secret, text))
    return lines


def shown(name: str, config: Config) -> str:
    """The value of a setting as it may be printed: secrets are masked."""
    value = getattr(config, name)
    if value in (None, "", ()):
        return ""
    if any((m.extra or {}).get("secret") for m in _metas(name)):
        return "***"
    return re.sub(r"(://[^:/@]*:)[^@/]*@", r"\1***@", str(value))


def default_data(environ: Mapping[str, str]) -> Path:
    """Where data goes when nobody says: the XDG data folder, also where HOME is empty or not set."""
    if base := environ.get("XDG_DATA_HOME"):
        return Path(base) / "dbmedic"
    return Path(environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir) / ".local" / "share" / "dbmedic"


def _file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadField("config", f"{path} cannot be read as TOML: {error}") from error
    allowed = [setting.name for setting in settings() if setting.name != "config"]
    for name in content:
        if name not in allowed:
            raise BadField(name, f"{path}: there is no setting {name!r}; settings: {', '.join(allowed)}")
    return content


def _converted(name: str, value: Any, source: str) -> Any:
    try:
        if name == "models" and isinstance(value, str):
            value = msgspec.json.decode(value)
        value = msgspec.convert(value, HINTS[name], strict=False, dec_hook=_path)
        if name == "zone":
            ZoneInfo(value)
        if name in ADDRESSES and value and not value.startswith(("http://", "https://")):
            raise ValueError("not a web address")
    except (msgspec.MsgspecError, OSError, ValueError, KeyError) as error:
        masked = "the value" if any((m.extra or {}).get("secret") for m in _metas(name)) else repr(value)
        raise BadField(name, f"{source}: {masked} is not {_kind(name)}") from error
    return value


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path) and str(value):
        return Path(value).expanduser().absolute()
    raise ValueError("not a path")


def _source(place: Origin, name: str) -> str:
    return variable(name) if place == "environment" else "--" + name.replace("_", "-")


def _metas(name: str) -> list[Meta]:
    return [meta for meta in get_args(HINTS[name]) if isinstance(meta, Meta)]


def _kind(name: str) -> str:
    """The type of a setting in words."""
    if name in WORDS:
        return WORDS[name]
    bare = get_args(HINTS[name])[0]
    if get_origin(bare) is Literal:
        return "one of " + ", ".join(get_args(bare))
    metas = _metas(name)
    low = next((m.ge if m.ge is not None else m.gt for m in metas if m.ge is not None or m.gt is not None), None)
    high = next((m.le for m in metas if m.le is not None), None)
    word = {bool: "true or false", int: "an integer", float: "a number", str: "text"}.get(bare, "a path")
    edge = "over" if any(m.gt is not None for m in metas) else "from"
    upto = "" if high is None else f" up to {high:g}"
    return word if low is None else f"{word} {edge} {low:g}{upto}"
