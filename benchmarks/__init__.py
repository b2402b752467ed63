"""How fast is it? What is measured against which peer and goal; `docs/performance.md` says why."""
