"""Follows a value back through the code, by names, to the sentences that it may contain."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from messages.extraction import is_message

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"

_Node = TypeVar("_Node", bound=ast.AST)

# Calls that return their argument, or the object that they are called on.
_PASSING: Final = {"say", "render", "plain", "items", "values", "get"}


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an expression is: the module, and the class and the function in it."""

    module: ast.Module
    function: Function | None = None
    class_name: str = ""


class Code:
    """All modules of the bot. ``calls``: each call and where it is, by the name of what is called."""

    def __init__(self, modules: Iterable[ast.Module]) -> None:
        self.calls: dict[str, list[tuple[ast.Call, Scope]]] = defaultdict(list)
        self._functions: dict[str, list[tuple[Function, Scope]]] = defaultdict(list)
        self._values: dict[str, list[tuple[ast.expr, Scope]]] = defaultdict(list)  # of module-level names
        self._fields: dict[tuple[ast.Module, str], list[tuple[ast.expr, Scope]]] = defaultdict(list)
        self._imports: dict[ast.Module, set[str]] = {}
        for module in modules:
            imports = (node for node in ast.walk(module) if isinstance(node, ast.ImportFrom))
            self._imports[module] = {each.asname or each.name for node in imports for each in node.names}
            self._read(module, Scope(module))

    def _read(self, node: ast.AST, here: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            inner = here
            if isinstance(child, ast.ClassDef):
                inner = Scope(here.module, here.function, child.name)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = Scope(here.module, child, here.class_name)
                self._functions[child.name].append((child, inner))
            elif isinstance(child, ast.Assign | ast.AnnAssign) and here.function is None and child.value is not None:
                for name in _targets(child):
                    self._values[name].append((child.value, here))
            elif isinstance(child, ast.Call):
                self.calls[called(child)].append((child, here))
                for keyword in child.keywords:
                    self._fields[here.module, keyword.arg or ""].append((keyword.value, here))
            self._read(child, inner)

    def sentences(self, expression: ast.AST, here: Scope, seen: set[ast.AST] | None = None) -> Iterator[ast.Call]:
        """The calls that build the sentences of ``expression``."""
        seen = set() if seen is None else seen
        if expression in seen:
            return
        seen.add(expression)
        if isinstance(expression, ast.Call) and is_message(expression):
            yield expression
            return
        for value, there in self._behind(expression, here):
            yield from self.sentences(value, there, seen)

    def _behind(self, node: ast.AST, here: Scope) -> Iterator[tuple[ast.AST, Scope]]:
        """Where the value of ``node`` comes from."""
        match node:
            case ast.Call():
                yield from self._returned(node, here)
            case ast.Attribute():
                yield from self._fields.get((here.module, node.attr), ())
            case ast.Name():
                yield from ((value, here) for value in _assigned(here.function, node.id))
                yield from self._given(here, node.id)
                yield from self._known(self._values, node.id, here)
            case ast.IfExp():
                yield from ((each, here) for each in (node.body, node.orelse))
            case ast.Subscript() | ast.Starred() | ast.Await():
                yield node.value, here
            case ast.Dict() | ast.BoolOp():
                yield from ((each, here) for each in node.values)
            case ast.List() | ast.Tuple():
                yield from ((each, here) for each in node.elts)

    def _returned(self, call: ast.Call, here: Scope) -> Iterator[tuple[ast.AST, Scope]]:
        if called(call) in _PASSING:
            yield from ((each, here) for each in call.args[:1])
            if isinstance(call.func, ast.Attribute):
                yield call.func.value, here
        elif isinstance(call.func, ast.Name):
            for function, there in self._known(self._functions, call.func.id, here):
                for node in ast.walk(function):
                    if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                        yield node.value, there

    def _known(
        self, these: Mapping[str, list[tuple[_Node, Scope]]], name: str, here: Scope
    ) -> Iterator[tuple[_Node, Scope]]:
        """The definitions that ``name`` means ``here``: in this module, or one that it imports or that imports it."""
        for node, there in these.get(name, ()):
            if there.module is here.module or name in self._imports[here.module] | self._imports[there.module]:
                yield node, there

    def _given(self, here: Scope, name: str) -> Iterator[tuple[ast.AST, Scope]]:
        """The arguments for that parameter in all calls of the function."""
        function = here.function
        if function is None or function.name == "__init__":
            return
        positional = [each.arg for each in function.args.args if each.arg != "self"]
        if name in positional or name in {each.arg for each in function.args.kwonlyargs}:
            for call, there in self._known(self.calls, function.name, here):
                at = positional.index(name) if name in positional else len(call.args)
                yield from ((each, there) for each in (*call.args[at : at + 1], *named(call, name)))


def called(call: ast.Call) -> str:
    """``f`` of ``f()`` and of ``thing.f()``."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def named(call: ast.Call, name: str) -> Iterator[ast.expr]:
    """The argument of that name, if there is one."""
    return (keyword.value for keyword in call.keywords if keyword.arg == name)


def _assigned(function: Function | None, name: str) -> Iterator[ast.expr]:
    """The values that are bound to that name within ``function``."""
    for node in ast.walk(function) if function is not None else ():
        match node:
            case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() if node.value is not None and name in _targets(node):
                yield node.value
            case ast.For() | ast.comprehension() if name in _names(node.target):
                yield node.iter


def _targets(node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {name for target in targets for name in _names(target)}


def _names(target: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
