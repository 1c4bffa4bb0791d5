"""Charts as inline SVG: a line over time, with release markers and a target, and the bar of the uptime.

Each has a role and a label that says what a sighted reader sees: what it is, now, and the most.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

WIDTH, HEIGHT = 288, 80

Said = Callable[[float | None], str]


def line(
    title: str,
    points: Sequence[float | None],
    said: Said,
    *,
    target: float | None = None,
    target_words: str = "",
    marks: Iterable[tuple[float, str]] = (),
) -> str:
    """``points`` evenly spaced, None where nothing is known; ``marks``: where from 0 to 1 a release began."""
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
    if target is not None:
        y = f"{HEIGHT - target / top * HEIGHT:.1f}"
        inside.append(f'<line class="target" x1="0" y1="{y}" x2="{WIDTH}" y2="{y}"/>')
    inside.append(f'<path class="series" d="{_path(points, top)}"/>')
    words = f"{escape(title)}: <b>{said(last)}</b> now, {said(most)} at most"
    words += f"; dashed: target {said(target)}{escape(target_words)}" if target is not None else ""
    return (
        f'<figure><figcaption>{words}</figcaption><svg role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{"".join(inside)}</svg></figure>'
    )


def _path(points: Sequence[float | None], top: float) -> str:
    """Moves over what is unknown: a gap is not a zero. A point alone is a short dash."""
    step = WIDTH / max(1, len(points) - 1)
    parts, drawing = [], False
    for index, value in enumerate(points):
        if value is None:
            drawing = False
            continue
        x, y = index * step, HEIGHT - value / top * HEIGHT
        parts.append(f"{'L' if drawing else 'M'}{x:.1f} {y:.1f}")
        if not drawing and (index + 1 == len(points) or points[index + 1] is None):
            parts.append("h1")
        drawing = True
    return "".join(parts)


def bar(states: Sequence[bool | None], since: str) -> str:
    """One block for each stretch of time: up, down, or unknown, which is not up."""
    width = WIDTH / max(1, len(states))
    words = {True: "up", False: "down", None: "unknown"}
    tall = {True: 24, False: 24, None: 8}  # colour alone says nothing to who cannot tell red from green
    blocks = "".join(
        f'<rect class="{words[state]}" x="{index * width:.2f}" y="{24 - tall[state]}" width="{width * 0.8:.2f}" '
        f'height="{tall[state]}"/>'
        for index, state in enumerate(states)
    )
    told = {word: sum(words[state] == word for state in states) for word in words.values()}
    label = (
        f"Uptime since {since}: up {told['up']}, not ready {told['down']}, unknown {told['unknown']} of {len(states)}"
    )
    box = f'viewBox="0 0 {WIDTH} 24" preserveAspectRatio="none"'
    return f'<svg class="bar" role="img" aria-label="{escape(label)}" {box}>{blocks}</svg>'
