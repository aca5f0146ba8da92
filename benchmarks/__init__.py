"""Castbook's figures: measured over the wire on loopback, side by side with what they are compared with."""
