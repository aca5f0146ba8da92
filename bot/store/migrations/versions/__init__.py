"""One module per revision. Each spells out what it does: it must mean the same when ``tables`` has moved on."""
