"""PostgreSQL: what a statement does, by the server's own grammar (pgparse is libpg_query, version 17).

Syntax newer than that grammar is refused, which is the safe side.  Names resolve as in our sessions: `search_path`
is pg_catalog alone, so an unqualified function, operator or type is never a user's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from dbmedic.kit.statements.reading import MAX_CHARS, Kind, Reading, Relation, functions

_WRITES = {"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "TruncateStmt", "RefreshMatViewStmt"}
_DEFINES = {"IndexStmt", "ViewStmt", "RenameStmt", "DropStmt", "CommentStmt", "DefineStmt"}
_ADMINISTERS = {
    "AlterSystemStmt", "AlterRoleStmt", "AlterRoleSetStmt", "AlterDatabaseStmt", "AlterDatabaseSetStmt",
    "AlterUserMappingStmt", "CreateRoleStmt", "CreatedbStmt", "CreateUserMappingStmt", "CreateTableSpaceStmt",
    "CreateExtensionStmt", "CreateSubscriptionStmt", "AlterSubscriptionStmt", "CreatePublicationStmt",
    "AlterPublicationStmt", "AlterDefaultPrivilegesStmt",
}  # fmt: skip
_EXPLAIN_OPTIONS = {"verbose", "costs", "settings", "generic_plan", "summary", "format", "memory", "buffers"}
_PLANNABLE = _WRITES - {"TruncateStmt", "RefreshMatViewStmt"} | {"SelectStmt"}
_CHANGES_DATA = ("lo_", "lowrite", "nextval", "setval")


@lru_cache(2048)
def reading(sql: str) -> Reading:
    """What one statement is, and why it is refused; never raises."""
    import pgparse  # 10 MB of parser, wanted only by those who read SQL

    if len(sql) > MAX_CHARS or "\0" in sql:
        return Reading("unknown", f"the text is longer than {MAX_CHARS} characters or holds a null character")
    try:
        statements = pgparse.parse(sql)
    except pgparse.PGQueryError as error:
        return Reading("unknown", f"PostgreSQL's grammar does not know it: {error}")
    except RecursionError:
        return Reading("unknown", "it is nested too deeply")
    if len(statements) != 1:
        return Reading("unknown", f"{len(statements)} statements where one is expected")
    (name, node), *_ = statements[0]["stmt"].items()
    relations, called = _names(node)
    refusal = _refused(name, node)
    return Reading(_kind(name, node, refusal, called), refusal, tuple(relations), tuple(called))


def why_not_planned(sql: str) -> str | None:
    """Why a statement of the application must not be given to EXPLAIN (which never runs it); None when it may."""
    found = reading(sql)
    if found.kind == "unknown":
        return found.refusal
    import pgparse

    (name, node), *_ = pgparse.parse(sql)[0]["stmt"].items()
    if name not in _PLANNABLE or "intoClause" in node:
        return "only SELECT, INSERT, UPDATE, DELETE and MERGE have a plan"
    return None


def why_not_imagined(sql: str) -> str | None:
    """Why a CREATE INDEX must not be imagined by the planner; None when it may.

    Planning with an index can compute its expressions: they may call what a read may call, and nothing of a user.
    """
    import pgparse

    if len(sql) > MAX_CHARS or "\0" in sql:
        return f"the text is longer than {MAX_CHARS} characters or holds a null character"
    try:
        found = pgparse.parse(sql)
    except (pgparse.PGQueryError, RecursionError) as error:
        return f"PostgreSQL's grammar does not know it: {error}"
    if len(found) != 1 or "IndexStmt" not in found[0]["stmt"]:
        return "it is not one CREATE INDEX"
    for key, part in _walk(found[0]["stmt"]["IndexStmt"]):
        if why := _refused_part(key, part):
            return why
    return None


def _kind(name: str, node: dict[str, Any], refusal: str | None, called: list[Relation]) -> Kind:
    if name == "SelectStmt":
        if refusal is None:
            return "read"
        if "intoClause" in node:
            return "define"
        refused = [function.name for function in called if function.name in functions("postgres")["refused"]]
        return "administer" if any(not one.startswith(_CHANGES_DATA) for one in refused) else "write"
    if name in ("ExplainStmt", "VariableShowStmt"):
        return "read" if refusal is None else "write"
    if name in _WRITES or (name == "CopyStmt" and node.get("is_from") and not node.get("is_program")):
        return "write"
    if name in _ADMINISTERS:
        return "administer"
    return "define" if name in _DEFINES or name.startswith(("Create", "Alter")) else "administer"


def _refused(name: str, node: dict[str, Any]) -> str | None:
    if name == "VariableShowStmt":
        return None
    if name == "ExplainStmt":
        for option in node.get("options", ()):
            if option["DefElem"]["defname"] not in _EXPLAIN_OPTIONS:
                return f"EXPLAIN ({option['DefElem']['defname'].upper()}) runs the statement"
        (name, node), *_ = node["query"].items()
        return _refused(name, node) if name == "SelectStmt" else f"EXPLAIN of {_words(name)}: ask for its plan instead"
    if name != "SelectStmt":
        return f"{_words(name)} does more than read"
    for key, part in _walk(node):
        if why := _refused_part(key, part):
            return why
    return None


def _refused_part(key: str, part: Any) -> str | None:
    """Why one piece of a SELECT is refused."""
    if key.endswith("Stmt") and key != "SelectStmt":
        return f"{_words(key)} inside the statement does more than read"
    if key == "intoClause":
        return "SELECT INTO creates a table"
    if key == "lockingClause":
        return "FOR UPDATE and FOR SHARE lock rows"
    if key == "FuncCall":
        return _refused_function([_text(word) for word in part["funcname"]])
    if key == "RangeTableSample" and _text(part["method"][-1]) not in ("system", "bernoulli"):
        return "a sampling method of a user may do anything"
    if key in ("ColumnRef", "A_Indirection"):
        # f.pg_read_file and (f).pg_read_file call the function with f as its argument
        path = part.get("fields", part.get("indirection", ()))
        last = _text(path[-1]) if path and (key == "A_Indirection" or len(path) > 1) else ""
        if last in functions("postgres")["refused"]:
            return f"{last} does more than read"
    if key in ("A_Expr", "useOp", "operName"):
        operator = part.get("name", ()) if key == "A_Expr" else part
        if len(operator) > 1 and _text(operator[0]) != "pg_catalog":
            return f"operator {_text(operator[0])}.{_text(operator[-1])} is a user's and may do anything"
    if key in ("typeName", "TypeName"):
        words = [_text(word) for word in part.get("names", ())]
        if len(words) > 1 and words[0] != "pg_catalog":
            return f"type {'.'.join(words)} is a user's: its checks may do anything"
    return None


def _refused_function(words: list[str]) -> str | None:
    known, name = functions("postgres"), words[-1]
    if name in known["extension"]:
        return None  # whether it is the extension's own, the engine asks the server
    if len(words) == 1 or words[:-1] == ["pg_catalog"]:
        if name in known["read"] or name in known["harmless"]:
            return None
        if name in known["refused"]:
            return f"function {name} does more than read"
        return f"function {name} is not known as harmless"
    if words[:-1] == ["dbmedic"] and name in known["helper"]:
        return None
    return f"function {'.'.join(words)} is a user's and may do anything"


def _names(node: Any) -> tuple[list[Relation], list[Relation]]:
    """Relations (without CTEs) and functions of a statement."""
    relations: list[Relation] = []
    called: list[Relation] = []
    ctes: set[str] = set()
    for key, part in _walk(node):
        if key == "CommonTableExpr":
            ctes.add(part["ctename"])
        elif isinstance(part, dict) and "relname" in part:
            relations.append(Relation(part.get("schemaname"), part["relname"], part.get("location", 0)))
        elif key == "FuncCall":
            words = [_text(word) for word in part["funcname"]]
            called.append(Relation(".".join(words[:-1]) or None, words[-1], part.get("location", 0)))
    return [relation for relation in relations if relation.schema or relation.name not in ctes], called


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Every (key, value) of the tree, without recursion."""
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, dict):
            for key, value in top.items():
                if isinstance(value, dict | list):
                    yield key, value
                    stack.append(value)
        else:
            stack.extend(value for value in top if isinstance(value, dict | list))


def _text(word: dict[str, Any]) -> str:
    return str(word.get("String", {}).get("sval", ""))


def _words(node_name: str) -> str:
    """The statement as a person calls it: "InsertStmt" -> "INSERT"."""
    special = {
        "CreateTableAsStmt": "CREATE TABLE AS",
        "VariableSetStmt": "SET",
        "TransactionStmt": "transaction control",
    }
    return special.get(node_name, node_name.removesuffix("Stmt").upper())
