"""Charts as inline SVG: a line or bars over time with release markers and a target, and the uptime bar.

Each has a role and a label with the same information: title, current value, maximum. Text stands beside the drawing,
because the drawing is stretched to the width of the screen.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

WIDTH, HEIGHT = 288, 80
BRIDGE = 12
"""Points without a value that a line still crosses: an hour without visitors is not a change."""

Said = Callable[[float | None], str]


def chart(
    title: str,
    points: Sequence[float | None],
    said: Said,
    *,
    bars: bool = False,
    since: str = "",
    target: float | None = None,
    target_words: str = "",
    marks: Iterable[tuple[float, str]] = (),
) -> str:
    """``points``: evenly spaced, None without data; ``marks``: positions from 0 to 1 at which a release began."""
    known = [value for value in points if value is not None]
    top = max([*known, target or 0.0]) or 1.0
    last = next((value for value in reversed(points) if value is not None), None)
    most = max(known) if known else None
    label = f"{title}: {said(last)} now, {said(most)} at most"
    label += f", target {said(target)}" if target is not None else ""
    inside = [f'<line class="axis" x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/>']
    for place, release in marks:
        x = f"{place * WIDTH:.1f}"
        mark = f'<line class="release" x1="{x}" y1="0" x2="{x}" y2="{HEIGHT}">'
        inside.append(f"{mark}<title>release {escape(release)}</title></line>")
    if target is not None and known:
        y = f"{HEIGHT - target / top * HEIGHT:.1f}"
        inside.append(f'<line class="target" x1="0" y1="{y}" x2="{WIDTH}" y2="{y}"/>')
    highest = said(top) if most else "nothing yet"
    look, drawn = ("series bars", _bars(points, top)) if bars else ("series", _line(points, top))
    inside.append(f'<path class="{look}" d="{drawn}"/>')
    words = f"now · at most {said(most)}"
    words += f" · target {said(target)}{escape(target_words)}" if target is not None else ""
    return (
        f"<figure><figcaption>{escape(title)} <b>{said(last)}</b> <small>{words}</small></figcaption>"
        f'<div class="plot"><span>{highest}</span><svg role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{"".join(inside)}</svg></div>'
        f"{times(since)}</figure>"
    )


def times(since: str) -> str:
    """The labels below a drawing: start and end."""
    return f'<p class="times"><span>{escape(since)}</span><span>now</span></p>'


def _line(points: Sequence[float | None], top: float) -> str:
    """Long gaps interrupt the line: a gap is not zero. A single point is a short dash."""
    step = WIDTH / max(1, len(points) - 1)
    known = [(index, value) for index, value in enumerate(points) if value is not None]
    parts, before = [], -BRIDGE - 2
    for place, (index, value) in enumerate(known):
        joined = index - before <= BRIDGE + 1
        parts.append(f"{'L' if joined else 'M'}{index * step:.1f} {HEIGHT - value / top * HEIGHT:.1f}")
        if not joined and (place + 1 == len(known) or known[place + 1][0] - index > BRIDGE + 1):
            parts.append("h1")
        before = index
    return "".join(parts)


def _bars(points: Sequence[float | None], top: float) -> str:
    step = WIDTH / max(1, len(points))
    return "".join(
        f"M{(index + 0.5) * step:.1f} {HEIGHT}V{HEIGHT - value / top * HEIGHT:.1f}"
        for index, value in enumerate(points)
        if value
    )


def bar(states: Sequence[bool | None], since: str) -> str:
    """One block per interval: up, down, or unknown."""
    width = WIDTH / max(1, len(states))
    words = {True: "up", False: "down", None: "unknown"}
    top = {True: 6, False: 0, None: 18}  # the shape differs too, for readers who cannot distinguish red and green
    blocks = "".join(
        f'<rect class="{words[state]}" x="{index * width:.2f}" y="{top[state]}" width="{width * 0.8:.2f}" '
        f'height="{24 - top[state]}"/>'
        for index, state in enumerate(states)
    )
    told = {word: sum(words[state] == word for state in states) for word in words.values()}
    label = (
        f"Uptime since {since}: up {told['up']}, not ready {told['down']}, unknown {told['unknown']} of {len(states)}"
    )
    box = f'viewBox="0 0 {WIDTH} 24" preserveAspectRatio="none"'
    return f'<svg class="bar" role="img" aria-label="{escape(label)}" {box}>{blocks}</svg>{times(since)}'
