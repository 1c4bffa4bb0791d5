"""The tree of includes and redirects below one SPF record, read without a sender: the worst case for all senders.

The records of one level are queried at once. A name with a macro depends on the sender and is not followed.

Bounds: at most ``MAX_FOLLOWED`` terms are followed over the whole tree. A receiver gives up at the eleventh (RFC 7208
section 4.6.4), so the verdict on a larger tree is the same, and only the exact number of lookups is unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from launchready.checks.operations import AskAll, Query, Txt, Undetermined, known
from launchready.exchange.operations import Flow
from launchready.mail import spf

T = TypeVar("T")

# A path of eleven lookups is an error, whatever follows.
MAX_DEPTH = spf.MAX_LOOKUPS + 1
# Twice the number that receivers allow, so that the report of a record slightly over the limit is exact.
MAX_FOLLOWED = 2 * spf.MAX_LOOKUPS
MAX_MX_HOSTS = 10


@dataclass(frozen=True, slots=True)
class SPFNode:
    """One record of the tree. ``path``: the domains that lead to it, beginning with the root."""

    path: tuple[str, ...]
    record: spf.SPFRecord

    @property
    def domain(self) -> str:
        return self.path[-1]


@dataclass(slots=True)
class SPFTree:
    """The records of the tree, and their problems.

    - ``broken``: each reason why receivers give up (permerror), as "domain: reason".
    - ``lookups``: terms that cost a lookup, over all records; 10 are allowed (section 4.6.4).
    - ``voids``: terms that ask for a name that does not exist; 2 are allowed.
    - ``everyone``: the path to a record that allows every sender, or empty.
    - ``unknown``: the first question without an answer; then ``lookups`` and ``voids`` are lower bounds.
    - ``followed``: terms that were followed. ``cut``: some were not; then ``lookups`` is a lower bound, too.
    """

    nodes: list[SPFNode]
    broken: list[str] = field(default_factory=list)
    voids: list[str] = field(default_factory=list)
    unknown: Undetermined | None = None
    followed: int = 0
    cut: bool = False

    @property
    def lookups(self) -> int:
        return sum(lookup_count(node.record) for node in self.nodes)

    @property
    def last_allowed(self) -> str:
        """The senders for which it is an error: a receiver stops at the first term that matches."""
        root, spent = self.nodes[0].record, 0
        named = [term.domain.rstrip(".").lower() for term in reachable_terms(root)]
        for term, target in zip(reachable_terms(root), named, strict=True):
            below = sum(lookup_count(node.record) for node in self.nodes[1:] if node.path[1] == target)
            if term.name == "include":
                spent += below // named.count(target)
            spent += term.name in spf.LOOKUPS
            if spent > spf.MAX_LOOKUPS:
                return f": an error for all senders that no term before {term.text} lists"
        return ""

    def take(self, terms: list[T]) -> list[T]:
        """The terms of one level that may still be followed."""
        taken = terms[: MAX_FOLLOWED - self.followed]
        self.followed += len(taken)
        self.cut = self.cut or len(taken) < len(terms)
        return taken

    @property
    def everyone(self) -> tuple[str, ...]:
        return next((node.path for node in self.nodes if ends_open(node, self.nodes)), ())

    @property
    def reasons(self) -> list[str]:
        """Every reason why receivers give up; empty when they do not."""
        found = list(dict.fromkeys(self.broken))
        if self.lookups > spf.MAX_LOOKUPS:
            where = self.last_allowed
            number = f"at least {self.lookups}" if self.cut else f"{self.lookups}"
            found.append(f"{number} DNS lookups are needed, {spf.MAX_LOOKUPS} are allowed{where}")
        if len(self.voids) > spf.MAX_VOIDS:
            shown = ", ".join(self.voids)
            found.append(
                f"{len(self.voids)} terms ask for what does not exist (void lookups), {spf.MAX_VOIDS} are "
                f"allowed: {shown}"
            )
        return found


def read_tree(domain: str, record: str) -> Flow[SPFTree]:
    """Reads the record of ``domain`` and its includes."""
    root = SPFNode((domain,), spf.parse(record))
    tree = SPFTree([root], [f"{domain}: {error}" for error in root.record.errors])
    level = [root]
    while level and len(level[0].path) < MAX_DEPTH:
        wanted = tree.take([(node, target, kind) for node in level for target, kind in targets(node.record)])
        texts = [Txt(target) for _, target, _ in wanted]
        terms = tree.take([(node, term) for node in level for term in host_terms(node.record)])
        hosts = [(node, term, term_queries(node, term)) for node, term in terms]
        yield AskAll([*texts, *(question for _, _, ops in hosts for question in ops)])
        for node, term, ops in hosts:
            check_host_term(tree, node, term, ops)
        level = []
        for (node, target, kind), op in zip(wanted, texts, strict=True):
            child = add_target(tree, node, target, kind, op)
            if child is not None:
                tree.nodes.append(child)
                level.append(child)
    return tree


def add_target(tree: SPFTree, node: SPFNode, target: str, kind: str, op: Txt) -> SPFNode | None:
    """The record that an include or a redirect leads to. Its problems are added to the tree."""
    if target.lower() in node.path:
        tree.broken.append(f"{target}: includes itself (a loop)")
        return None
    try:
        found = spf.records(known(op.answer).records)
    except Undetermined as silent:
        tree.unknown = tree.unknown or silent
        return None
    if len(found) != 1:
        what = "has no SPF record" if not found else f"has {len(found)} SPF records"
        tree.broken.append(f"{kind}{target}: {what}{joined_hint(target)}")
        return None
    child = SPFNode((*node.path, target.lower()), spf.parse(found[0]))
    tree.broken += [f"{target}: {error}" for error in child.record.errors]
    return child


def joined_hint(target: str) -> str:
    """A hint when two strings of one TXT record ran into each other: they are joined without a space."""
    for word in ("include:", "ip4:", "ip6:", "redirect="):
        if word.rstrip(":=") in target:
            return " (two parts of the record are joined without a space between them)"
    return ""


def check_host_term(tree: SPFTree, node: SPFNode, term: spf.Term, ops: list[Query]) -> None:
    """Adds a void lookup, or an MX with more than ten servers, to the tree (section 4.6.4)."""
    if not all(op.answer.known for op in ops):
        if not any(op.answer.records for op in ops):
            tree.unknown = tree.unknown or Undetermined(ops[0].answer.question, ops[0].answer.reason)
        return
    found = [record for op in ops for record in op.answer.records]
    if not found:
        tree.voids.append(f"{term.text} of {node.domain}")
    if term.name == "mx" and len(found) > MAX_MX_HOSTS:
        tree.broken.append(f"{node.domain}: {term.text} has {len(found)} mail servers, {MAX_MX_HOSTS} are allowed")


def term_queries(node: SPFNode, term: spf.Term) -> list[Query]:
    """The queries of one term. The two address families of a host count as one lookup."""
    name = (term.domain or node.domain).rstrip(".")
    if term.name == "mx":
        return [Query(name, "MX")]
    return [Query(name, "A")] if term.name == "exists" else [Query(name, "A"), Query(name, "AAAA")]


def host_terms(record: spf.SPFRecord) -> Iterator[spf.Term]:
    """The terms that name a host, unless the name depends on the sender."""
    for term in reachable_terms(record):
        if term.name in ("a", "mx", "exists") and "%" not in term.domain:
            yield term


def lookup_count(record: spf.SPFRecord) -> int:
    """The number of terms that cost a lookup: reachable ones, and a redirect unless the record has an ``all``."""
    listed = sum(term.name in spf.LOOKUPS for term in reachable_terms(record))
    return listed + bool(record.redirect and record.all is None)


def targets(record: spf.SPFRecord) -> list[tuple[str, str]]:
    """The records that this one leads to."""
    found = [(term.domain, "include:") for term in reachable_terms(record) if term.name == "include"]
    if record.redirect and record.all is None:
        found.append((record.redirect, "redirect="))
    return [(name.rstrip("."), kind) for name, kind in found if name and "%" not in name]


def ends_open(node: SPFNode, nodes: list[SPFNode]) -> bool:
    """Whether the record allows every sender (``+all`` or a network of all addresses), and its parents pass that on."""
    if node.record.errors or not any(allows_everyone(term) for term in reachable_terms(node.record)):
        return False
    by_path = {one.path: one for one in nodes}
    return all(passes_to(by_path[node.path[:at]].record, node.path[at]) for at in range(1, len(node.path)))


def reachable_terms(record: spf.SPFRecord) -> list[spf.Term]:
    """The reachable terms: those up to the first ``all`` (section 5.1)."""
    found = []
    for term in record.terms:
        found.append(term)
        if term.name == "all":
            break
    return found


def allows_everyone(term: spf.Term) -> bool:
    return term.qualifier == "+" and (term.name == "all" or term.network in ("0.0.0.0/0", "::/0"))


def passes_to(record: spf.SPFRecord, target: str) -> bool:
    """Whether a pass below ``target`` is a pass of this record: a plain include, or a redirect."""
    included = any(
        term.name == "include" and term.qualifier == "+" and term.domain.rstrip(".").lower() == target
        for term in reachable_terms(record)
    )
    return included or (record.all is None and record.redirect.rstrip(".").lower() == target)
