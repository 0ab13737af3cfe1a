"""The rules of the house that a machine can watch, over the whole tree."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from dbmedic.config import settings
from dbmedic.core import errors

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT / "src" / "dbmedic"
PYTHON = sorted(path for top in ("src", "tests", "bench", "lock") for path in (ROOT / top).rglob("*.py"))
MODULES = sorted(SRC.rglob("*.py"))
LONGEST = 400
LONG: dict[str, str] = {}
"""File -> why it is longer than that."""
EDGE = ("cli/", "config.py", "__main__.py", "store/connection.py")
"""Here the program meets the machine: a plain function may wait, in a thread or before anything else runs."""
HOOKS = {"src/dbmedic/checks/check.py": "msgspec's hooks say so of a type they do not know"}
"""File -> why NotImplementedError is right there."""
WAITS = {"time.sleep", "subprocess.run", "subprocess.Popen", "subprocess.check_output", "urllib.request.urlopen",
         "socket.create_connection", "os.system", "input"}  # fmt: skip
OUTSIDE = WAITS | {
    "open", "print", "time.time", "time.monotonic", "datetime.now", "datetime.datetime.now", "datetime.utcnow",
    "date.today", "random.random", "uuid4", "uuid.uuid4", "os.urandom", "os.getenv",
}  # fmt: skip
READS = {"read_text", "read_bytes", "write_text", "write_bytes"}
"""Methods of a path that a pure module must not call outside the function that loads it."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name)


def functions(module: ast.Module) -> Iterator[tuple[ast.ClassDef | None, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with the class it is a method of."""
    owners = {id(child): node for node in ast.walk(module) if isinstance(node, ast.ClassDef) for child in node.body}
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield owners.get(id(node)), node


def own(function: ast.AST) -> Iterator[ast.AST]:
    """What a function does itself: its nodes without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from own(child)


def calls(function: ast.AST) -> Iterator[str]:
    """Dotted names of what it calls."""
    return (ast.unparse(node.func) for node in own(function) if isinstance(node, ast.Call))


@cache
def port_methods() -> frozenset[str]:
    """Names of the async methods of every protocol: who implements one must be async, waiting or not."""
    return frozenset(
        function.name
        for path in MODULES
        for owner, function in functions(tree(path))
        if owner
        and isinstance(function, ast.AsyncFunctionDef)
        and any("Protocol" in ast.unparse(b) for b in owner.bases)
    )


@cache
def pure_modules() -> list[Path]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = next(one["source_modules"] for one in contracts if one["name"] == "Decisions are pure")
    paths = [ROOT / "src" / (module.replace(".", "/") + ".py") for module in named]
    return [path for path in paths if path.exists()]


@each(PYTHON)
def test_a_file_is_short_and_says_what_belongs_in_it(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST or name(path) in LONG, f"{lines} lines: split it, or say in LONG why not"
    if path.is_relative_to(SRC) and lines:
        assert ast.get_docstring(tree(path)), "a module says in its first lines what belongs here"


def test_no_file_is_excused_for_nothing() -> None:
    for file, reason in LONG.items():
        assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) > LONGEST, file
        assert reason


@each(MODULES)
def test_an_async_function_waits(path: Path) -> None:
    """Methods of a port, tools and operations of an API are async for those who do wait."""
    waits = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.comprehension)
    for owner, function in functions(tree(path)):
        if not isinstance(function, ast.AsyncFunctionDef) or (owner and function.name in port_methods()):
            continue
        if "tool" in map(ast.unparse, function.decorator_list) or (path.parent.name == "actions" and not owner):
            continue
        found = [node for node in own(function) if isinstance(node, waits)]
        assert any(not isinstance(node, ast.comprehension) or node.is_async for node in found), function.name


@each([path for path in MODULES if not path.relative_to(SRC).as_posix().startswith(EDGE)])
def test_a_plain_function_never_waits(path: Path) -> None:
    for _, function in functions(tree(path)):
        if isinstance(function, ast.FunctionDef):
            assert not WAITS & set(calls(function)), function.name


@pytest.mark.parametrize("path", pure_modules(), ids=name)
def test_a_decision_reads_no_clock_no_file_and_no_dice(path: Path) -> None:
    for _, function in functions(tree(path)):
        if function.name == "load" or "cache" in map(ast.unparse, function.decorator_list):  # built-in data, once
            continue
        assert not OUTSIDE & set(calls(function)), function.name
        assert not READS & {call.rpartition(".")[2] for call in calls(function)}, function.name


@each([path for path in MODULES if path.name != "config.py"])
def test_only_config_reads_the_environment(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not (isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")), node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            assert not {"environ", "getenv"} & {alias.name for alias in node.names}, node.lineno


@each(MODULES)
def test_nothing_is_left_for_later(path: Path) -> None:
    words = "TODO|FIXME|XXX" if name(path) in HOOKS else "TODO|FIXME|XXX|NotImplementedError"
    assert not re.findall(rf"\b({words})\b", path.read_text(encoding="utf-8"))


def failures() -> list[type[errors.Failure]]:
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.Failure)]
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", failures(), ids=lambda kind: kind.__name__)
def test_an_error_has_a_code_and_a_sentence(kind: type[errors.Failure]) -> None:
    assert "code" in vars(kind), "the code of its parent would hide it"
    assert (vars(kind).get("__doc__") or "").strip().endswith(".")
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or ""), "it is missing in the tree at the top of the file"


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in failures()]
    assert sorted(codes) == sorted(set(codes))


APIS = sorted(path for path in (SRC / "api").glob("*/wire.py") if "ERRORS" in path.read_text(encoding="utf-8"))


@each(APIS)
def test_every_api_has_an_answer_to_every_error(path: Path) -> None:
    table = importlib.import_module(f"dbmedic.api.{path.parent.name}.wire").ERRORS
    for kind in failures():
        found = next((one for one in kind.__mro__ if one in table), None)
        assert found is not None, kind
        assert found is not errors.Failure or kind is errors.Failure, f"{kind.__name__} is answered like anything else"


def test_every_setting_is_on_the_reference_page() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    for setting in settings():
        assert f"`{setting.variable}`" in page


def test_every_setting_has_an_effect() -> None:
    texts = [path.read_text(encoding="utf-8") for path in MODULES if path.name != "config.py"]
    for setting in settings():
        if setting.name != "config":  # names the file that the others are read from
            assert any(f"config.{setting.name}" in text for text in texts), f"{setting.name} is read by nobody"


@each(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))
def test_a_page_links_to_what_exists(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert target.startswith("http") or (path.parent / target).exists(), target


def test_the_version_is_said_once() -> None:
    from dbmedic import __version__

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
    assert "Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
