"""One module per revision. Each is self-contained, because it must mean the same after ``tables`` has changed."""
