"""One file per scenario: it runs, reports its result, and checks its promises."""
