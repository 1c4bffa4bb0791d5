"""The tree of includes and redirects below one SPF record, read without a sender: the worst case for all senders.

Records of one level are asked at once. The walk ends at what RFC 7208 allows: ten terms that cost a question.
"""

from dataclasses import dataclass

from launchready.checks.ops import Together, Txt, Undetermined, known
from launchready.exchange.ops import Flow
from launchready.mail import spf

# Deeper than ten questions can go: beyond it the record is broken anyway.
DEEPEST = spf.MOST_LOOKUPS + 1


@dataclass(frozen=True, slots=True)
class Node:
    """One record of the tree. ``path``: the domains that lead to it, the start first."""

    path: tuple[str, ...]
    record: spf.SPFRecord


@dataclass(frozen=True, slots=True)
class Tree:
    """What the walk saw.

    - ``broken``: each reason why receivers give up (permerror), as "domain: reason".
    - ``lookups``: terms that cost a question, over all records; 10 are allowed (section 4.6.4).
    - ``everyone``: the path to a record that lets anybody send, or empty.
    - ``unknown``: what was not answered; then ``lookups`` is a lower bound.
    """

    nodes: tuple[Node, ...]
    broken: tuple[str, ...] = ()
    lookups: int = 0
    everyone: tuple[str, ...] = ()
    unknown: Undetermined | None = None


def walk(domain: str, record: str) -> Flow[Tree]:
    """Reads the record of ``domain``, and all that it includes."""
    root = Node((domain,), spf.parse(record))
    nodes: list[Node] = [root]
    broken = [f"{domain}: {error}" for error in root.record.errors]
    unknown: Undetermined | None = None
    level = [root]
    while level and len(level[0].path) < DEEPEST:
        wanted = [(node, target, kind) for node in level for target, kind in targets(node.record)]
        ops = [Txt(target) for _, target, _ in wanted]
        yield Together(ops)
        level = []
        for (node, target, kind), op in zip(wanted, ops, strict=True):
            if target.lower() in node.path:
                broken.append(f"{target}: includes itself")
                continue
            try:
                found = spf.records(known(op.answer).records)
            except Undetermined as silent:
                unknown = unknown or silent
                continue
            if len(found) != 1:
                what = "has no SPF record" if not found else f"has {len(found)} SPF records"
                broken.append(f"{kind} {target}: {what}")
                continue
            child = Node((*node.path, target.lower()), spf.parse(found[0]))
            broken += [f"{target}: {error}" for error in child.record.errors]
            nodes.append(child)
            level.append(child)
    lookups = sum(node.record.lookups for node in nodes)
    everyone = next((node.path for node in nodes if lets_everyone(node, nodes)), ())
    return Tree(tuple(nodes), tuple(dict.fromkeys(broken)), lookups, everyone, unknown)


def targets(record: spf.SPFRecord) -> list[tuple[str, str]]:
    """The records that this one leads to. A name with a macro depends on the sender, and cannot be followed."""
    found = [(domain, "include:") for domain in record.includes]
    if record.redirect and record.all is None:
        found.append((record.redirect, "redirect="))
    return [(name.rstrip("."), kind) for name, kind in found if name and "%" not in name]


def lets_everyone(node: Node, nodes: list[Node]) -> bool:
    """Whether the node ends in ``+all``, or in a network that is the whole internet, and its parents pass that on."""
    if not any(opens(term) for term in before_all(node.record)):
        return False
    by_path = {one.path: one for one in nodes}
    return all(passes(by_path[node.path[:at]].record, node.path[at]) for at in range(1, len(node.path)))


def before_all(record: spf.SPFRecord) -> list[spf.Term]:
    """The terms that can be reached: those up to the first ``all`` (section 5.1)."""
    found = []
    for term in record.terms:
        found.append(term)
        if term.name == "all":
            break
    return found


def opens(term: spf.Term) -> bool:
    return term.qualifier == "+" and (term.name == "all" or term.network in ("0.0.0.0/0", "::/0"))


def passes(record: spf.SPFRecord, target: str) -> bool:
    """Whether a pass below ``target`` is a pass of this record: a plain include, or a redirect."""
    included = any(
        term.name == "include" and term.qualifier == "+" and term.domain.rstrip(".").lower() == target
        for term in before_all(record)
    )
    return included or (record.all is None and record.redirect.rstrip(".").lower() == target)
