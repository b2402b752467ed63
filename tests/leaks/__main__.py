"""`python -m tests.leaks`: see `tests.leaks.cli`."""

from tests.leaks.cli import main

raise SystemExit(main())
