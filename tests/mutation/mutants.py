"""Small faults, put into the source of a module one at a time."""

import ast
import copy
from dataclasses import dataclass
from pathlib import Path

OPPOSITES = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
# What says nothing at run time, or says it to tools.
LEFT_OUT = {"annotation", "returns", "decorator_list", "type_params"}


@dataclass(frozen=True)
class Mutant:
    """A module with one fault, and where it is."""

    file: str
    line: int
    before: str
    after: str
    tree: ast.Module

    @property
    def name(self):
        return f"{self.file}:{self.line}: {self.before} → {self.after}"


def mutants_of(file):
    """Every mutant of a module, from its first line to its last."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    found = []
    for place, node in _walk(tree, ()):
        for put in _faults(node):
            changed = copy.deepcopy(tree)
            new = put(_at(changed, place))
            _replace(changed, place, new)
            found.append(Mutant(str(file), node.lineno, _shown(node), _shown(new), changed))
    return sorted(found, key=lambda mutant: mutant.line)


def _shown(node):
    """The source of a node; of a condition with all that hangs on it, the condition alone."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return ast.unparse(node)


def _walk(node, place):
    """Each node that may be wrong, with the way there: fields, and places in lists."""
    for field, value in ast.iter_fields(node):
        if field in LEFT_OUT:
            continue
        for number, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST) and not _is_docstring(child):
                there = (*place, (field, number if isinstance(value, list) else None))
                if hasattr(child, "lineno"):
                    yield there, child
                yield from _walk(child, there)


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def _at(node, place):
    for field, number in place:
        node = getattr(node, field)
        node = node if number is None else node[number]
    return node


def _replace(tree, place, new):
    *above, (field, number) = place
    parent = _at(tree, above)
    if number is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[number] = new
    ast.fix_missing_locations(tree)


def _faults(node):
    """What can be done wrong here: functions from a node to the one that takes its place."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OPPOSITES:
            yield _with(ops=[OPPOSITES[type(op)]()])
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in OPPOSITES:
            yield _with(op=OPPOSITES[type(op)]())
        case ast.UnaryOp(op=ast.Not()):
            yield lambda it: it.operand
        case ast.Constant(value=bool()):
            yield _with(value=not node.value)
        case ast.Constant(value=int()):
            yield _with(value=node.value + 1)
        case ast.If() | ast.IfExp() if not isinstance(node.test, ast.Compare | ast.UnaryOp):
            yield lambda it: _with(test=ast.UnaryOp(ast.Not(), it.test))(it)
        case ast.Return(value=ast.AST() as value) if not _is_none(value):
            yield _with(value=ast.Constant(None))
        case ast.Raise() | ast.Expr(value=ast.Call()):
            yield lambda it: ast.copy_location(ast.Pass(), it)
        case ast.Continue():
            yield lambda it: ast.copy_location(ast.Break(), it)
    for number in range(len(getattr(node, "generators", ()))):
        if node.generators[number].ifs:
            yield lambda it, number=number: _without_condition(it, number)


def _with(**changes):
    def put(node):
        for name, value in changes.items():
            setattr(node, name, value)
        return node

    return put


def _without_condition(node, number):
    node.generators[number].ifs = []
    return node
