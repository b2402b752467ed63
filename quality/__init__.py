"""What must hold: expectation suites as data, the gate that judges rows by them, and checks between tables."""
